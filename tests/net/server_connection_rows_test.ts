import { testRequestTables } from "../support/request_tables.ts";
import { echoTarget, Serving } from "../support/serving.ts";

testRequestTables(
  "ServerConnection",
  () => Promise.resolve(new Serving(echoTarget)),
  ({ statusCode, fields, content }, originForm) =>
    statusCode === 200 && (originForm === undefined || content === originForm ||
      fields.get("content-length") === `${originForm.length}`),
);
