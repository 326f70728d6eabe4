/** The five tools, through one `mnemos mcp` for the whole process. */

import { readTools, ToolServer } from "./mnemos.js"

/** Shared by all registrations, and by copies of this module that a reload of the plugin leaves behind. */
const SERVERS = Symbol.for("mnemos.openclaw.toolServer")

export function registerTools(api, program) {
  for (const tool of readTools()) {
    api.registerTool({
      name: tool.name,
      label: tool.name,
      description: tool.description,
      parameters: tool.input_schema,
      execute: (_id, args, signal) => call(program, tool.name, args, signal),
    })
  }
}

/** End the process that answers tools, if there is one. */
export function endTools() {
  globalThis[SERVERS]?.server.close()
  delete globalThis[SERVERS]
}

async function call(program, name, args, signal) {
  const { text, isError } = await findServer(program).call(name, args, signal)
  return { content: [{ type: "text", text }], details: { isError } }
}

/** Give the process's server; one that was started with other settings makes room. */
function findServer(program) {
  const settings = JSON.stringify(program)
  if (globalThis[SERVERS]?.settings !== settings) {
    endTools()
    globalThis[SERVERS] = { settings, server: new ToolServer(program, "openclaw") }
  }
  return globalThis[SERVERS].server
}
