/** OpenClaw's hooks, passed on to `mnemos hook`, which interprets them. */

import { runHook } from "./mnemos.js"

/** Maximum time that a turn waits for a recall; the hook itself gives up far earlier. */
const RECALL_MS = 5_000
const CONTEXT_FIELDS = ["runId", "agentId", "sessionKey", "sessionId", "workspaceDir", "trigger"]

export function forwardHooks(api, program) {
  const forward = (name, pick, timeoutMs) => {
    api.on(name, async (event, ctx) => {
      try {
        const data = { event: pick(event ?? {}), ctx: pickFields(ctx ?? {}, CONTEXT_FIELDS) }
        return (await runHook(program, "openclaw", name, data, timeoutMs)) ?? undefined
      } catch (error) {
        api.logger?.warn?.(`mnemos: ${name} was skipped: ${error.message}`)
      }
    })
  }
  forward("before_prompt_build", pickPrompt, RECALL_MS)
  forward("agent_end", pickConversation)
  forward("before_reset", pickConversation)
  forward("after_compaction", () => ({}))
  forward("session_end", (event) => pickFields(event, ["reason", "sessionId"]))
}

const pickPrompt = (event) => pickFields(event, ["prompt", "currentUserMessage", "currentUserMessageId"])

const pickConversation = (event) => ({ messages: (event.messages ?? []).filter(isSaid).map(pickSaid) })

const isSaid = (message) => message?.role === "user" || message?.role === "assistant"

/** Leave out everything but text, such as pictures and tool calls: it is large, and wasn't said. */
function pickSaid(message) {
  const { content, ...rest } = message
  const texts = Array.isArray(content) ? content.filter((part) => part?.type === "text") : content
  return { ...pickFields(rest, ["role", "timestamp"]), content: texts }
}

function pickFields(source, names) {
  return Object.fromEntries(names.filter((name) => source[name] !== undefined).map((name) => [name, source[name]]))
}
