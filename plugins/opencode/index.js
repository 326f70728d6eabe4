/**
 * mnemos in OpenCode: the five tools, recall with each user message, capture when a turn is over.
 *
 * Everything is done by `mnemos hook …` and `mnemos mcp`. OpenCode fails a turn if a hook of a plugin throws,
 * so none of these does. The module exports only one function: OpenCode calls every export.
 */

import { Capture } from "./capture.js"
import { addCommands, addSkills, splitCommand } from "./commands.js"
import { readOptions } from "./mnemos.js"
import { Recall } from "./recall.js"
import { bounded, Sessions } from "./sessions.js"
import { makeTools, openServer, setSchema } from "./tools.js"

const HOST = "opencode"
/** How long OpenCode waits at exit for captures in progress. */
const DISPOSE_MS = 3_000
/** Added to the request for a summary of the conversation. */
const COMPACTION_HINT =
  "Keep in the summary: decisions with their reasons, what the user prefers or forbids, open questions, and " +
  "the ids of memories (as in `- [id, day]`) that are still needed."

/** @type {(input: object, options?: {url?: string, apiKey?: string, command?: string, agentId?: string}) => Promise<object>} */
export default async function MnemosPlugin({ client, directory }, options) {
  const program = readOptions({ ...options, agentId: options?.agentId || process.env.MNEMOS_AGENT_ID || HOST })
  const sessions = new Sessions(client)
  const recall = new Recall({ program, client, directory, sessions })
  const capture = new Capture({ program, client, directory, sessions })
  const server = openServer(program)

  const hear = {
    "session.created": ({ info }) => sessions.learn(info),
    "session.updated": ({ info }) => sessions.learn(info),
    "session.idle": ({ sessionID }) => capture.start("session.idle", sessionID),
    "session.compacted": ({ sessionID }) => recall.reset(sessionID),
    "session.deleted": ({ info }) => [sessions, recall, capture].forEach((part) => part.forget(info.id)),
  }

  return guardAll({
    tool: makeTools(server),
    "tool.definition": setSchema,
    config: (config) => [addSkills(config), addCommands(config)],
    event: ({ event }) => hear[event.type]?.(event.properties),
    "command.execute.before": splitCommand,
    "chat.message": async ({ sessionID }, { message, parts }) => {
      capture.expect(sessionID)
      await recall.add(sessionID, message, parts)
    },
    "experimental.chat.system.transform": ({ sessionID }, { system }) => recall.addToSystem(sessionID, system),
    "experimental.session.compacting": ({ sessionID }, { context }) => {
      context.push(COMPACTION_HINT)
      capture.start("session.compacting", sessionID)
    },
    dispose: async () => {
      await bounded(() => capture.finish(), DISPOSE_MS)
      server.close()
    },
  })
}

/** Wrap hooks so that they never throw. */
function guardAll(hooks) {
  const guarded = Object.entries(hooks).map(([name, hook]) => [name, typeof hook === "function" ? guard(hook) : hook])
  return Object.fromEntries(guarded)
}

function guard(hook) {
  return async (...values) => {
    try {
      await hook(...values)
    } catch {
      // The turn continues without memory; mnemos itself logs what went wrong.
    }
  }
}
