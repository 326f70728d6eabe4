/** The commands and skills of the plugin. */

import { fileURLToPath } from "node:url"

const SKILLS = fileURLToPath(new URL("./skills", import.meta.url))
const COMMANDS = {
  remember: {
    description: "Store something in the memory that all your agents share",
    template:
      "Store the text below with the memory_store tool, as one statement that is understandable on its own; " +
      "pinned if it is a preference or a rule. Search first: if a similar memory exists, update it instead. " +
      "Answer with one short sentence.",
  },
  recall: {
    description: "Ask the shared memory",
    template:
      "Search the memory for the text below with the memory_search tool, in one or two searches, and summarise the " +
      "results in a few sentences, with their dates. If nothing fits, say so.",
  },
}

/** Add the skills to OpenCode's settings. */
export function addSkills(config) {
  config.skills = { ...config.skills, paths: [...(config.skills?.paths ?? []), SKILLS] }
}

/** Add the commands, except for names that the user's own commands have. */
export function addCommands(config) {
  config.command = { ...COMMANDS, ...config.command }
}

/** Separate our instructions from the user's words: only those are captured and searched for. */
export function splitCommand({ command, arguments: words }, { parts }) {
  const template = COMMANDS[command]?.template
  const place = parts.findIndex((part) => part.type === "text" && part.text.startsWith(template))
  if (!template || place < 0) return
  const instructions = { ...parts[place], text: template, synthetic: true }
  const own = { ...parts[place], text: words.trim() }
  parts.splice(place, 1, instructions, ...(own.text ? [own] : []))
}
