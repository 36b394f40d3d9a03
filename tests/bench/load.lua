-- What wrk sends, and what it tells at the end.
-- Arguments: how many requests are sent at a time.

function init(args)
  local batch = tonumber(args[1]) or 1
  -- Without a function of this name wrk sends the same octets without asking.
  if batch > 1 then
    local requests = string.rep(wrk.format(), batch)
    request = function() return requests end
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"bytes":%d,"seconds":%f,"errors":%d,"medianMs":%f,"p99Ms":%f}\n',
    summary.requests,
    summary.bytes,
    summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3
  ))
end
