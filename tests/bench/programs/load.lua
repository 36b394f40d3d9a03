-- What wrk sends, and what it tells at the end.
-- Arguments: how many requests are sent at a time; how many a connection carries, 0 for no end.
-- With one at a time, every n-th request of a thread asks for the close of its connection. wrk does
-- not tell which connection it asks for, so there must be one to each thread.

function init(args)
  local batch, per_connection = tonumber(args[1]) or 1, tonumber(args[2]) or 0
  local kept = wrk.format()
  if per_connection > 0 then wrk.headers["Connection"] = "close" end
  local last = wrk.format()
  -- Without a function of this name wrk sends the same octets without asking.
  if batch > 1 then
    local requests = string.rep(kept, batch - 1) .. last
    request = function() return requests end
  elseif per_connection > 1 then
    local count = 0
    request = function()
      count = count + 1
      return count % per_connection == 0 and last or kept
    end
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
