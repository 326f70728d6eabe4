/** Messages as OpenCode keeps them: a head and parts, of which some were said and some were added. */

/** What somebody said in a message. Contents of files, recalled blocks and the like are synthetic. */
export function readTexts(parts) {
  return parts.filter((part) => part.type === "text" && !part.synthetic && !part.ignored).map((part) => part.text)
}

/** What is handed over of a message: what tools read and wrote is large, and was not said. */
export function pickSaid({ info, parts }) {
  const { id, role, time, summary } = info
  return { info: { id, role, time, summary: summary === true }, texts: readTexts(parts) }
}

/** A part for the model that isn't the user's. OpenCode orders parts by id: this one comes after the last. */
export function makePart(sessionID, message, parts, text) {
  const id = `${parts.at(-1)?.id ?? "prt_"}m`
  return { id, sessionID, messageID: message.id, type: "text", text, synthetic: true }
}
