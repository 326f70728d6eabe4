r"""How the keys look that tell what they are: by a prefix, as a rule.

A pattern must not read the same characters again and again: where something has to follow a part of unlimited
length, that part begins only where no other of its kind can have begun before.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from mnemos_redaction.lazy_patterns import make_pattern
from mnemos_redaction.marks import SHORTEST_KEY

_A = "[A-Za-z0-9]"
_W = "[A-Za-z0-9_-]"
_HEX = "[0-9a-fA-F]"


class KeyShape(NamedTuple):
    """One form of key."""

    needle: str
    """What every such key holds or has before it; looked for first, since that is quick."""
    kind: str
    pattern: re.Pattern[str]
    """Matches the key; with a group, the group is the key."""
    least: int = SHORTEST_KEY
    """Characters of the shortest word that holds one."""


def _shape(needle: str, kind: str, pattern: str, least: int = SHORTEST_KEY) -> KeyShape:
    return KeyShape(needle, kind, make_pattern(pattern, re.ASCII), least)


def _opening(text: str, *, before: str = _A) -> str:
    r"""Match where no word goes on, or behind an escape such as `\n` or `%3D`."""
    escapes = (r"\\[nrtbf]", "%[0-9A-Fa-f]{2}", r"\\u00[0-9a-f]{2}", r"\\x[0-9a-f]{2}")
    opening = re.escape(text)
    behind = "|".join(f"(?<={escape}{opening})" for escape in escapes)
    return f"{opening}(?:(?<!{before}{opening})|{behind})"


def _prefixed(kind: str, prefixes: str, tail: str) -> list[KeyShape]:
    """Make shapes of prefixes that are found nowhere else."""
    return [_shape(prefix, kind, re.escape(prefix) + tail) for prefix in prefixes.split()]


def _opened(kind: str, prefixes: str, tail: str) -> list[KeyShape]:
    """Make shapes of prefixes that also end other words."""
    return [_shape(prefix, kind, _opening(prefix) + tail) for prefix in prefixes.split()]


SHAPES: Final[tuple[KeyShape, ...]] = (
    # Clouds.
    *_opened("aws_access_key", "AKIA ASIA ABIA ACCA", rf"[A-Z0-9]{{16}}(?!{_A})"),
    _shape("X-Amz-S", "aws_signature", r"X-Amz-S(?:ignature|ecurity-Token)=([A-Za-z0-9+/%=_-]{40,})"),
    _shape("Key=", "azure_key", r"(?<=[tsy])Key=([A-Za-z0-9+/]{40,}={0,2})"),
    _shape("sig=", "azure_key", r"sig=(?<=[?&;]sig=)([A-Za-z0-9+/%]{40,}={0,2})"),
    _shape("Q~", "azure_key", r"[A-Za-z0-9_.~-]{3}[0-9]Q~[A-Za-z0-9_.~-]{31,34}"),
    *_opened("google_key", "AIza", rf"{_W}{{35}}(?!{_A})"),
    *_opened("google_key", "GOCSPX- ya29. 1//0", rf"{_W}{{20,}}"),
    *_opened("alibaba_key", "LTAI", rf"{_A}{{16,24}}(?!{_A})"),
    *_prefixed("cloudflare_key", "v1.0-", rf"{_HEX}{{24}}-{_HEX}{{100,}}"),
    _shape("_v1_", "digitalocean_token", r"do[opr]_v1_[0-9a-f]{40,}"),
    # Models.
    *_prefixed("anthropic_key", "sk-ant-", rf"{_W}{{20,}}"),
    _shape(
        "sk-",
        "openai_key",
        rf"{_opening('sk-')}(?:(?:proj|svcacct|admin|None|or-v1|lf)-{_W}{{20,}}|{_A}{{20,}}{_W}*)",
    ),
    *_opened("huggingface_token", "hf_ api_org_", rf"{_A}{{30,}}\w*"),
    *_opened("groq_key", "gsk_", rf"{_A}{{40,}}"),
    *_opened("replicate_token", "r8_", rf"{_A}{{37,}}"),
    *_opened("xai_key", "xai-", rf"{_A}{{40,}}"),
    *_opened("databricks_token", "dapi", rf"[0-9a-f]{{32}}(?:-\d)?(?!{_A})"),
    # Code and packages.
    *_prefixed("github_token", "ghp_ gho_ ghu_ ghs_ ghr_", rf"{_A}{{30,}}\w*"),
    *_prefixed("github_token", "github_pat_", r"\w{36,}"),
    _shape(
        "gl",
        "gitlab_token",
        rf"gl(?:pat|dt|rtr?|cbt|ptt|ft|soat|agent|imt|ffct|oas)-{_W}{{20,}}(?:\.\w{{2,20}}){{0,2}}",
    ),
    *_opened("gitlab_token", "GR1348941", rf"{_W}{{20,}}"),
    *_opened("npm_token", "npm_", rf"{_A}{{30,}}\w*"),
    *_prefixed("pypi_token", "pypi-", rf"{_W}{{50,}}"),
    *_prefixed("rubygems_key", "rubygems_", "[0-9a-f]{48}"),
    _shape("dckr_", "docker_token", rf"dckr_[po]at_{_W}{{20,}}"),
    _shape("TT3", "atlassian_token", r"AT[AC]TT3[A-Za-z0-9_=-]{40,}"),
    *_opened("linear_key", "lin_api_ lin_oauth_", rf"{_A}{{30,}}"),
    *_opened("notion_token", "ntn_ secret_", rf"{_A}{{40,}}"),
    *_prefixed("postman_key", "PMAK-", rf"{_HEX}{{24}}-{_HEX}{{30,}}"),
    # Messages.
    _shape("xox", "slack_token", rf"xox[abeoprs](?:\.xox[bp])?-{_W}{{12,}}"),
    *_prefixed("slack_token", "xapp-", rf"\d-{_W}{{12,}}"),
    *_prefixed("slack_token", "hooks.slack.com/", r"(?:services|workflows|triggers)/([\w/+-]{24,})"),
    _shape(":A", "telegram_token", rf"[0-9]{{8,10}}:A{_W}{{34}}(?!{_W})", 44),
    _shape(
        ".",
        "discord_token",
        rf"[MNO](?:(?<!{_W}[MNO])|(?<=\\[nrt][MNO])){_W}{{22,27}}\.{_W}{{6,7}}\.{_W}{{27,}}",
        58,
    ),
    _shape(
        "/webhooks/", "discord_token", rf"discord(?:app)?\.com/api/(?:v\d+/)?webhooks/\d{{10,}}/({_W}{{40,}})"
    ),
    *_opened("sendgrid_key", "SG.", rf"{_W}{{16,64}}\.{_W}{{16,}}"),
    *_opened("twilio_key", "SK", rf"{_HEX}{{32}}(?!{_A})"),
    _shape("-us", "mailchimp_key", rf"[0-9a-f](?<!{_A}[0-9a-f])[0-9a-f]{{31}}-us[0-9]{{1,2}}(?!{_A})", 35),
    # Money and shops.
    *_opened("stripe_key", "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_", rf"{_A}{{16,}}\w*"),
    *_prefixed("stripe_key", "whsec_", "[A-Za-z0-9+/]{20,}={0,2}"),
    _shape("shp", "shopify_token", rf"shp(?:at|ca|pa|ss)_{_HEX}{{32,}}"),
    _shape("sq0", "square_token", rf"sq0[a-z]{{3}}-{_W}{{22,}}"),
    # Running things.
    *_opened("hashicorp_token", "hvs. hvb. hvr.", rf"{_W}{{20,}}"),
    _shape(".atlasv1.", "hashicorp_token", rf"{_A}(?<!{_A}{{2}}){_A}{{13}}\.atlasv1\.{_W}{{40,}}"),
    _shape("dp.", "doppler_token", rf"dp\.(?:[psc]t|scim|audit)\.(?:{_W}{{2,35}}\.)?{_A}{{40,}}"),
    *_prefixed("grafana_token", "glsa_ glc_", "[A-Za-z0-9_+/=-]{30,}"),
    _shape("NR", "newrelic_key", rf"NR(?:AK|II|JS)-{_W}{{19,}}"),
    *_prefixed("planetscale_token", "pscale_", r"(?:tkn|oauth|pw)_[\w=.-]{30,}"),
    *_prefixed("sentry_token", "sntry", "[su]_[A-Za-z0-9+/=_]{40,}"),
    *_opened("supabase_key", "sbp_ sb_secret_", rf"{_W}{{20,}}"),
    *_prefixed("tailscale_key", "tskey-", rf"[a-z]+-{_W}{{16,}}"),
    *_prefixed("age_key", "AGE-SECRET-KEY-1", "[A-Z0-9]{50,}"),
    *_opened(
        "other_key",
        "CFPAT- CCIPAT_ HRKU- figd_ lsv2_ nvapi- ops_ phx_ pplx- rdme_ sgp_ tfp_ xkeysib-",
        "(?=[^0-9]{0,20}[0-9])[A-Za-z0-9_+/.=-]{28,}",
    ),
    # Anything: three parts, or five when it is encrypted; the last may be empty or cut off.
    _shape(
        "eyJ",
        "jwt",
        rf"{_opening('eyJ', before=_W)}{_W}{{8,}}\.(?:eyJ{_W}{{4,}}|{_W}{{40,}})(?:\.{_W}*){{0,3}}",
    ),
    # Ours.
    *_opened("mnemos_key", "mnk_", rf"{_W}{{20,}}"),
)
