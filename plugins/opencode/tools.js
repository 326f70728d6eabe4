/** The five tools, as the contract describes them. */

import { readTools } from "./mnemos.js"

const SCHEMAS = new Map(readTools().map((tool) => [tool.name, tool.input_schema]))

/** @param {import("./mnemos.js").ToolServer} server */
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

/** OpenCode makes a schema of `args` in which everything is required; the real one takes its place. */
export function setSchema({ toolID }, output) {
  const schema = SCHEMAS.get(toolID)
  if (schema) output.jsonSchema = schema
}
