/** The five tools, as the contract describes them, through one `mnemos mcp` for all projects of a process. */

import { readTools, ToolServer } from "./mnemos.js"

const SCHEMAS = new Map(readTools().map((tool) => [tool.name, tool.input_schema]))
/** By settings; shared with copies of this module that other projects may have loaded. */
const SERVERS = Symbol.for("mnemos.opencode.toolServers")

/**
 * Return a project's connection to the tool server with these settings; closing the last one ends the process.
 *
 * @param {{command: string, env: Record<string, string>}} program
 */
export function openServer(program) {
  const servers = (globalThis[SERVERS] ??= new Map())
  const settings = JSON.stringify(program)
  if (!servers.has(settings)) servers.set(settings, { server: new ToolServer(program, "opencode"), users: new Set() })
  const { server, users } = servers.get(settings)
  const user = {
    call: (...values) => server.call(...values),
    close() {
      if (!users.delete(user) || users.size > 0) return
      servers.delete(settings)
      server.close()
    },
  }
  users.add(user)
  return user
}

/** @param {{call: ToolServer["call"]}} server */
export function makeTools(server) {
  return Object.fromEntries(readTools().map((tool) => [tool.name, makeTool(server, tool)]))
}

function makeTool(server, { name, description, input_schema }) {
  return {
    description,
    args: input_schema.properties,
    execute: async (args, context) => (await server.call(name, args, context?.abort)).text,
  }
}

/** Replace the schema that OpenCode makes from `args`, in which everything is required, with the real one. */
export function setSchema({ toolID }, output) {
  const schema = SCHEMAS.get(toolID)
  if (schema) output.jsonSchema = schema
}
