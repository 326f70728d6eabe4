/** The five tools, through one `mnemos mcp` for the whole process. */

import { readTools, ToolServer } from "./mnemos.js"

/** Shared by all registrations, and by copies of this module that remain after a reload of the plugin. */
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

/** End the process that runs the tools, if there is one. */
export function endTools() {
  globalThis[SERVERS]?.server.close()
  delete globalThis[SERVERS]
}

async function call(program, name, args, signal) {
  const { text, isError } = await findServer(program).call(name, args, signal)
  return { content: [{ type: "text", text }], details: { isError } }
}

/** Return the tool server of this process; a server with other settings is ended first. */
function findServer(program) {
  const settings = JSON.stringify(program)
  if (globalThis[SERVERS]?.settings !== settings) {
    endTools()
    globalThis[SERVERS] = { settings, server: new ToolServer(program, "openclaw") }
  }
  return globalThis[SERVERS].server
}
