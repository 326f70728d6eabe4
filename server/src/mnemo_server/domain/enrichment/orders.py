"""Detects texts that give orders to the memory, or to a model that reads it, instead of stating something.

This is the second line of defence against prompt injection: messages reach a model as data, and a fact that
comes back as an order is not stored. It is narrow on purpose: the message itself stays stored anyway, and a
preference ("answers in German, please") is a fact.
"""

from __future__ import annotations

import re
from typing import Final

#: The beginning of a sentence, or the introduction of an order.
_START: Final = r"""(?:^|[.!?:;\n][\s"'*>-]*)(?:(?:please|now|then|always|you\s+(?:must|should))\s+)?"""

#: The last alternatives are marks of conversations and of recalled memories.
_ENGLISH: Final = rf"""
    \b(?:ignore|disregard|forget|override)\b.{{0,40}}
    \b(?:previous|above|prior|earlier|preceding|system|your)\b.{{0,30}}\b(?:instruction|prompt|guideline)s?\b
  | \b(?:ignore|disregard|forget|override)\s+(?:all|any)\s+(?:the\s+|other\s+|of\s+the\s+)?instructions\b
  | {_START}(?:ignore|disregard|forget)\b.{{0,20}}
    \b(?:previous|above|prior|earlier|preceding|your)\b.{{0,20}}\b(?:message|rule|text)s?\b
  | {_START}(?:delete|erase|forget|remove|wipe|purge|overwrite|replace)\b.{{0,30}}
    \b(?:all|every|any|your|the|other|existing|previous|stored)\b.{{0,30}}\bmemor(?:y|ies)\b
  | \b(?:the|this|your)\s+(?:memory(?:\s+\w+)?|extractor|language\s+model)\s+
    (?:must|should|shall|has\s+to|is\s+to|needs\s+to)\s+(?:\w+\s+)?
    (?:store|save|remember|forget|delete|pin|ignore|obey|reveal|trust)\b
  | \byou\s+(?:are\s+now|must\s+(?:now|always|never)|will\s+now)\b
  | \b(?:output|print|reveal|repeat|show)\b.{{0,30}}\b(?:system\s+prompt|your\s+(?:prompt|instructions))\b
  | <\|\w+\|> | \[/?INST\] | </?relevant-memories>
"""
_GERMAN: Final = r"""
    \b(?:ignorier|missacht|vergiss|vergesst)\w*\b.{0,40}\b(?:vorherig|vorig|obig|bisherig|früher|all)\w*\b.{0,30}
    \b(?:anweisung|instruktion|vorgabe|regel)\w*
  | (?:^|[.!?:;\n]\s*)(?:bitte\s+)?(?:lösch|vergiss|entfern)\w*\b.{0,30}\b(?:erinnerung|gedächtnis)\w*
"""
_ROMANCE: Final = r"""
    \bignore[rz]?\b.{0,30}\binstructions\b.{0,20}\b(?:précédentes|antérieures|ci-dessus)\b
  | \bignora\w*\b.{0,30}\binstrucciones\b.{0,20}\b(?:anteriores|previas)\b
"""
_CHINESE_AND_JAPANESE: Final = r"""
    (?:忽略|无视|忽視|忘记|忘掉).{0,12}(?:以上|上面|之前|前面|先前|所有).{0,12}(?:指令|指示|提示|说明|规则)
  | (?:删除|清除|清空|忘记).{0,8}(?:所有|全部).{0,8}(?:记忆|记录)
  | (?:上記|以前|これまで|前)の.{0,10}(?:指示|命令).{0,10}無視
"""
_ORDER: Final = re.compile(
    f"{_ENGLISH}|{_GERMAN}|{_ROMANCE}|{_CHINESE_AND_JAPANESE}", re.IGNORECASE | re.VERBOSE | re.DOTALL
)


def is_order(text: str) -> bool:
    """Return whether a text (of about a thousand characters) tells the memory or a model what to do."""
    return _ORDER.search(text) is not None
