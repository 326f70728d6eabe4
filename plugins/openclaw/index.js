/** mnemos for OpenClaw: recall before a turn, capture after it, and the five tools. */

import { adviseUser } from "./advice.js"
import { forwardHooks } from "./hooks.js"
import { readOptions } from "./mnemos.js"
import { endTools, registerTools } from "./tools.js"

/** Never changes, so that the beginning of each request stays the same. */
const GUIDANCE = [
  "## Memory",
  "You share one lasting memory with the user's other agents. Memories that fit a request are added automatically.",
  "Use memory_search for earlier decisions, statements and findings; memory_store for what should be known later.",
  "",
]

export default {
  id: "mnemos",
  name: "mnemos",
  description: "One lasting memory for all your agents: what they learn in one session, they know in the next.",
  kind: "memory",

  /** Starts no process: OpenClaw calls this several times in a process, and for its own inspections. */
  register(api) {
    const program = readOptions(api.pluginConfig)
    registerTools(api, program)
    forwardHooks(api, program)
    api.on("gateway_stop", endTools)
    api.registerMemoryCapability?.({
      promptBuilder: ({ availableTools }) => (availableTools?.has("memory_search") ? GUIDANCE : []),
    })
    adviseUser(api)
  },
}
