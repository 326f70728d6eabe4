"""Texts that hosts put into conversations as messages of the user or the model."""

from __future__ import annotations

import re

_I = re.IGNORECASE
#: A message with such a beginning is entirely the host's.
_BEGINNINGS = re.compile(
    r"""
    (?:\[Request\ interrupted\ by\ user[^\]\n]{0,40}\]\s*){1,9}$
    |Caveat:\ The\ messages\ below\ were\ generated\ by\ the\ user\ while
    |This\ session\ is\ being\ continued\ from\ a\ previous\ conversation
    |Your\ task\ is\ to\ create\ a\ detailed\ summary\ of\ (?:the|this)\ conversation
    |(?:Create|Write|Generate)\ a\ (?:detailed|concise|short)\ summary\ of\ (?:the|this|our)\ conversation
    |Provide\ a\ detailed\ (?:prompt|summary)\ for\ continuing\ our\ conversation
    |You\ are\ a\ title\ generator\b
    |(?:Please\ )?(?:write|generate|create)\ an?\ (?:[\w -]{1,30}\ )?title\ for\ (?:the|this)
        \ (?:following\ )?(?:conversation|session|thread|chat)
    |Summari[sz]e\ (?:this|the)\ (?:coding\ )?conversation\ (?:in|as|into|to)\ (?:a|an|under|\d)
    |Base\ directory\ for\ this\ skill:|Analyze\ if\ this\ message\ indicates\ a\ new\ conversation\ topic
    |(?:SessionStart|SessionEnd|UserPromptSubmit|PreToolUse|PostToolUse|Stop|SubagentStop|PreCompact)
        (?::\S{1,60})?\ hook
        \ (?:additional\ context|success|feedback|(?:blocking\ )?error|stopped|cancelled)\b[^\n]{0,80}:
    |Called\ the\ \w{1,40}\ tool\ with\ the\ following\ input:
    |Continue\ if\ you\ have\ next\ steps,?\ or\ stop
    |Pre-compaction\ memory\ flush\b|\W{0,4}Agent\ failed\ before\ reply:
    |Operation\ (?:stopped|blocked)\ by\ hook
    |<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>
    |A\ new\ session\ was\ started\ via\ /(?:new|reset)
    """,
    re.VERBOSE | _I,
)
#: The same for messages of the model only; a user may well begin with such words.
_ERRORS = re.compile(
    r"""
    API\ Error(?::|\ \()|Error:\ \d{3}\ \{
    |Claude\ (?:AI\ )?usage\ limit\ reached|You've\ (?:hit|reached)\ your\ (?:[\w-]{1,12}\ )?limit
    |(?:Your\ )?[\w-]{1,12}\ limit\ reached\ \W\ resets|There's\ an\ issue\ with\ the\ selected\ model\ \(
    |(?:Credit\ balance\ is\ too\ low|Prompt\ is\ too\ long|Execution\ error|No\ response\ requested)\.?$
    |Invalid\ API\ key\ .{1,3}\ (?:Please\ run\ /login|Fix\ external)|Please\ run\ /login\b
    """,
    re.VERBOSE | _I,
)
#: A message that consists only of this is the host's; with other content it isn't.
_WHOLE = re.compile(
    r"""
    (?:Continue\ from\ where\ (?:you|we)\ left\ off
    |Please\ continue\ (?:the\ conversation\ )?from\ where\ (?:you|we)\ left\ (?:it\ )?off
        (?:\ without\ asking\ the\ user\ any\ further\ questions)?
    |Tool\ loaded|\(no\ content\)|HEARTBEAT_OK|NO_REPLY|Compact(?:ed|ing)(?:\ conversation)?(?:\ \(.{1,60}\))?
    |Conversation\ compacted(?:\ \(.{1,60}\))?
    |(?:\[(?:Image|Pasted\ text|File)(?:\ \#\d+|:\ )[^\]\n]{0,120}\]\s{0,4}){1,50}
    |Read\ HEARTBEAT\.md\ if\ it\ exists(?:.|\n){0,400}
    )[.!]?
    """,
    re.VERBOSE | _I,
)
#: Tags that only hosts write; a message that consists of such elements is the host's.
_TAGS = (
    "system-reminder|command-name|command-message|command-args|command-contents|local-command-stdout"
    "|local-command-stderr|local-command-caveat|bash-input|bash-stdout|bash-stderr|task-notification"
    "|user-prompt-submit-hook|session-start-hook|stop-hook|ide_opened_file|ide_selection|ide_diagnostics"
    "|new-diagnostics|persisted-output|environment_context|user_instructions"
)
_MARKS = re.compile(rf"<(/?)({_TAGS})>", _I)
#: What the host writes after such elements.
_NOTE = re.compile(r"Read the output file to retrieve the result[^\n]{0,300}", _I)
#: OpenClaw puts the time before each prompt.
_STAMP = re.compile(r"\[(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{4}-\d\d-\d\d \d\d:\d\d [^\]\n]{1,20}\]\s{0,4}")


def is_host_text(role: str, content: str) -> bool:
    """Return whether a message is entirely the host's."""
    text = strip_stamp(content.strip())
    if role != "user" and _ERRORS.match(text):
        return True
    if _BEGINNINGS.match(text) or _WHOLE.fullmatch(text):
        return True
    return text.startswith("<") and not _NOTE.sub("", _strip_elements(text)).strip()


def strip_stamp(text: str) -> str:
    """Return a prompt without the time that a host put before it."""
    return _STAMP.sub("", text, count=1) if text.startswith("[") else text


def _strip_elements(text: str) -> str:
    """Return a text without the host's elements, in one pass; an element that isn't closed stays."""
    kept: list[str] = []
    kept_from = 0
    open_tag, opened_at = "", 0
    for mark in _MARKS.finditer(text):
        is_closing, tag = bool(mark[1]), mark[2].lower()
        if not is_closing and not open_tag:
            open_tag, opened_at = tag, mark.start()
        elif is_closing and tag == open_tag:
            kept.append(text[kept_from:opened_at])
            open_tag, kept_from = "", mark.end()
    return "".join([*kept, text[kept_from:]])
