"""Patterns of lines of program output and of source code."""

from __future__ import annotations

import re

#: Lines that programs print, and that people sometimes write.
OUTPUT = re.compile(
    r"""\s*(?:
    \[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\[?\d\d:\d\d:\d\d|[A-Z][a-z]{2}\ [ \d]?\d\ \d\d:\d\d:\d\d  # times
    |[IWEF]\d{4}\ \d\d:\d\d
    |\[\d\d:\d\d:\d\d\]|\[(?:[\w.+/-]{1,24}/)?(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL)\]
    |(?:TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL)[\s:]|(?:level|lvl|severity|ts|time|msg)=\S
    |(?:warning|error|note|info|debug)(?:\[\w+\])?:\s
    |at\ [\w.$<>\[\]/\ ]{1,120}\ ?\(.{0,200}\)|at\ \S{1,200}:\d+:\d+
    |File\ ".{1,200}",\ line\ \d+|\.{3}\ \d+\ more
    |Traceback\ \(most\ recent|\w*(?:Error|Exception):\ |return\ self\.\w+\(.{0,80}\)$
    |diff\ --git\ |index\ [0-9a-f]{6,}|(?:---|\+\+\+)\ \S|@@\ -\d
    |[bcdlps-][rwxsStT-]{9}|total\ \d+$
    |[\u2502\u251c\u2514\u2500\s|`+]{3,}\s?\S{1,100}$
    |\S{0,40}(?:/[\w.@+-]{1,80}){2,20}/?$|[\w./+@-]{1,120}:\d{1,6}(?::\d{1,5})?:\s
    |(?:Compiling|Downloading|Downloaded|Installing|Unpacking|Fetching|Building|Linking|Checking|Collecting
        |Using\ cached|Get:\d+|Selecting|Preparing|Setting\ up|Requirement\ already
        |Pulling|Step\ \d|Running|Finished|Extracting)\b
    |\S{1,200}\s+(?:PASSED|FAILED|SKIPPED|ERROR|ok|FAIL)\b
    |(?:PASS|FAIL|ok|not\ ok|\u2713|\u2717|\u2714|\u2716)\s
    |[0-9a-f]{6,16}[:\s]\s?(?:[0-9a-f]{2,4}\s){4,}
    |.{0,80}[\u2588\u2591\u2592\u2593\u2501\u25a0]{2,}|.{0,80}\[[\#=>.\s-]{8,}\]|\s{0,6}\d{1,3}%[|\s]
    |[\w+/=-]{40,}$
    |[\[\]{}(),;]+$
    )""",
    re.VERBOSE,
)
#: Beginnings of lines that only programs print, even if a sentence follows.
PRINTED = re.compile(
    r"""(?:
    # times, levels, and who tells
    [A-Z][a-z]{2}\ [ \d]?\d\ \d\d:\d\d:\d\d\ \S+\ \S+:\s
    |\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*\s+\[?(?:[A-Z]{4,8}|\S+\[\d+\])\b
    |\d\d-\d\d\ \d\d:\d\d:\d\d|\d+\.\d{3}\s
    |\[(?:[\w.+/-]{1,24}/)?(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL)\]\s
    |[\w.-]+\ version\ \d|\w+\ v\d+\.\d+\S*\s
    |(?:npm|yarn|pnpm)\ (?:WARN|ERR!|notice|info|error|warning)|\S+[:(]\d+[:,]\d+\)?:?\s
    # errors, and what belongs to them
    |PHP\ (?:Fatal|Warning|Notice|Parse)|[A-Z\ ]{0,20}ERROR:\s|Failure/Error:|Uncaught\b
    |(?:[\w$]+\.){2,}[\w$]+(?:Exception|Error):\s|(?:Caused\ by|Suppressed):\ [\w$.]+|java\.lang\.
    |(?:The\ above|During\ handling\ of\ the\ above)\ exception|LINE\ \d+:\s|\[SQL:|\(Background\ on
    |-\ (?:parking|waiting|locked)\b|error\[\w+\]:|curl:\ \(\d+\)|fatal:\ \[
    |(?:[A-Z]+:\ )?(?:Failed\ to|Could\ not|Unable\ to|Command\ \S+\ failed|Build\ failed|Execution\ failed
        |The\ following|For\ more\ information|See\ also|Get\ more\ help|Run\ with|Press\ \[|Error\ \w+ing
        |This\ (?:warning|error)\ is)\b
    # tables, settings, differences
    |>?\s*\w[\w.-]*\ =\ \S|[-+~/<]{1,3}\ \w[\w ]*\ \ \S|[A-Z]{2,}(?:\s{2,}[A-Z]+)+
    # programs that say much
    |\#\ (?:HELP|TYPE)\s|\#\ (?:module|data)\.|\#\d+\ (?:\[|[\d.]+\s|sha256|DONE|CACHED)
    |(?:PLAY|TASK)\ \[|PLAY\ RECAP|Terraform\ (?:used|will)\b|Plan:\ \d|Note:\ You\ didn't\ use
    |\*\ +(?:Host|IPv[46]|Trying|Connected|ALPN|TLSv\S*|SSL|CA\w*|Server|using|subject|issuer|start|expire
        |Connection|Request)\b
    |Process\ finished\ with
    )""",
    re.VERBOSE,
)
#: Lines of source code in many languages.
CODE = re.compile(
    r"""(?:
    (?:def|class|import|from|const|let|var|func|function|fn|return|if|elif|else|for|while|try|except|public|private
    |protected|static|export|async|await|package|use|impl|struct|enum|type|interface|switch|case|\#include|\#define
    |@\w+|//|SELECT|INSERT|UPDATE|CREATE)\b.{0,200}
    |.{0,200}(?:[;{]|=>|\):)|[})\]]+[;,]?
    )$""",
    re.VERBOSE,
)
