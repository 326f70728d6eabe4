/** The commands and skills that the plugin brings along. */

import { fileURLToPath } from "node:url"

const SKILLS = fileURLToPath(new URL("./skills", import.meta.url))
const COMMANDS = {
  remember: {
    description: "Keep something in the memory that all your agents share",
    template:
      "Keep what stands below in memory with the memory_store tool, as one statement that can be understood alone; " +
      "pinned if it is a preference or a rule. Search first: change a memory that says nearly the same instead. " +
      "Answer with one short sentence.",
  },
  recall: {
    description: "Tell what the shared memory knows about something",
    template:
      "Search the memory for what stands below, with the memory_search tool, in one or two searches, and tell what " +
      "it knows in a few sentences, with the dates. Say so when it knows nothing.",
  },
}

/** Let OpenCode find our skills. */
export function addSkills(config) {
  config.skills = { ...config.skills, paths: [...(config.skills?.paths ?? []), SKILLS] }
}

/** Add our commands, but for names that the user gave to their own. */
export function addCommands(config) {
  config.command = { ...COMMANDS, ...config.command }
}

/** Keep our instructions out of what the user says: only their own words are captured and searched for. */
export function splitCommand({ command, arguments: words }, { parts }) {
  const template = COMMANDS[command]?.template
  const place = parts.findIndex((part) => part.type === "text" && part.text.startsWith(template))
  if (!template || place < 0) return
  const instructions = { ...parts[place], text: template, synthetic: true }
  const own = { ...parts[place], text: words.trim() }
  parts.splice(place, 1, instructions, ...(own.text ? [own] : []))
}
