/**
 * Actions on servers over HTTP: `POST /servers/NAME/ACTION?PARAMETERS`.
 *
 * @module
 */

import { fieldLine } from "../../http/fields.ts";
import {
  type Handler,
  htmlReply,
  type Reply,
  replyToMethod,
  type Request,
} from "../../net/handler.ts";
import { requestFraming } from "../../net/request_body.ts";
import { adminReply, lineReply } from "../../process/admin_replies.ts";
import type { Action } from "../actions.ts";
import { quote } from "../list/endpoint.ts";
import type { Server } from "../list/server.ts";
import type { Operations, Order, Tested, Waited } from "../operations.ts";
import { wordsFor } from "../server_events.ts";
import { actionsText } from "../status.ts";
import { ACTION_NAMES, ActionError, type ActionName, parseAction } from "./action_request.ts";
