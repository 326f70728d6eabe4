"""Ordinary code, configuration, logs and prose keep every character."""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import http.cookies
import json
import random
import smtplib
import sysconfig
import tokenize
import uuid
from pathlib import Path

import pytest
from mnemos_redaction import redact

KEY = b"a key of this installation"
COMMIT = hashlib.sha1(b"a commit", usedforsecurity=False).hexdigest()
CHECKSUM = hashlib.sha256(b"a file").hexdigest()
UUID = str(uuid.UUID(int=random.Random(1).getrandbits(128), version=4))
IMAGE = base64.b64encode(random.Random(2).randbytes(300)).decode()
INTEGRITY = "sha512-" + base64.b64encode(random.Random(3).randbytes(64)).decode()
EXAMPLE_KEY = "AKIA" + "IOSFODNN7" + "EXAMPLE"
EXAMPLE_SECRET = "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY"

PLACEHOLDERS = f"""
password=changeme
PASSWORD=<your-password>
API_KEY=${{API_KEY}}
API_KEY=$API_KEY
api_key: "{{{{ vault_api_key }}}}"
token: xxxxxxxxxxxxxxxx
password = "********"
password="••••••••"
SECRET_KEY=your-secret-key-here
password="test"
secret="my-secret"
token = "token1"
API_TOKEN=
password=""
token=null
AWS_ACCESS_KEY_ID={EXAMPLE_KEY}
aws_secret_access_key = {EXAMPLE_SECRET}
OPENAI_API_KEY=sk-...
GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
Authorization: Bearer <token>
curl -H "Authorization: Bearer $TOKEN" https://api.example.com
curl -H "X-API-Key: YOUR_API_KEY" https://api.example.com
curl -u user:password https://api.example.com
curl -u "$USER:$PASS" https://api.example.com
postgres://user:password@localhost:5432/app
postgres://${{USER}}:${{PASS}}@db/app
https://user:***@git.example.com/x.git
password: op://vault/item/password
password: vault:secret/data/db#password
secret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:prod/db-AbCdEf"
PASSWORD_FILE=/run/secrets/db_password
DB_PASSWORD=/run/secrets/db1
password: "/etc/app/pw1"
password="jdbc-${{X}}-1"
password="ab%(x)s1"
password="..."
password=''
token="prod-mast-secret-1"
""".strip().split("\n")

CODE = """
api_key = os.environ["API_KEY"]
token = get_token(user)
token = self._token
password: str | None = None
def login(user: str, password: str) -> Token:
    token = await self.client.fetch_token(code=code, secret=secret)
for key, value in items.items():
const key = event.key;
Password string `json:"password"`
password?: string;
api_key: ApiGatewayApiKey
private val apiKey: String
@Value("${app.secret}") String secret;
char *password = NULL;
$password = $_POST['password'];
if password1 != password2:
token = tokens[i + 1]
key := fmt.Sprintf("%s:%d", a, b)
url = "https://x?token=" + token2 + "&a=1"
tokenizer = AutoTokenizer.from_pretrained("bert-base-uncased")
max_tokens=4096, input_tokens=1234
password_hash = bcrypt.hash(password)
auth = HTTPBasicAuth(user, password)
WHERE password = ? AND token = ?
password varchar(255) NOT NULL
static const char *token_names[] = {"foo", "bar"};
cache_key = f"user:{user_id}"
s3_key = "uploads/2024/01/report.pdf"
logger.info("token=%s", token)
class Foo { private: int x; };
var symbolKeys = []symbolKey{
"AWS::AppSync::ApiKey": "3d104ea0be48564b",
PASS: ld-x86-64/pr11304b
password = a.b(c)
password = pad2(x9Key)
password = r"\\w+\\s1"
tokens("QxZvBtrWqKjHg", "LmNpXcVbRtYwZ")
<password>8 letters or more
""".strip().split("\n")

DATA = f"""
commit {COMMIT}
Merge commit '{COMMIT}' into main
request_id={UUID}
session_id: {UUID}
trace_id={CHECKSUM[:32]} span_id={CHECKSUM[:16]}
sha256: {CHECKSUM}
image: registry.example.com:5000/app@sha256:{CHECKSUM}
ETag: "{COMMIT}"
"integrity": "{INTEGRITY}",
    "js-tokens": "^4.0.0",
  resolved "https://registry.example.com/js-tokens/-/js-tokens-4.0.0.tgz#{COMMIT}"
golang.org/x/crypto v0.14.0 h1:{INTEGRITY[7:50]}=
data:image/png;base64,{IMAGE}
ssh-rsa {IMAGE} ann@laptop
public_key: {IMAGE}
cache_key: v1-linux-{COMMIT}
key: ${{{{ runner.os }}}}-pip-${{{{ hashFiles('requirements.txt') }}}}
next_page_token: {IMAGE[:32]}
token: ${{{{ secrets.GITHUB_TOKEN }}}}
secrets: inherit
secretName: my-app-tls
  password: {{{{ .Values.db.password | quote }}}}
root:*:19000:0:99999:7:::
git switch task-{COMMIT[:24]}
/9j/AKIA{"QX2Z" * 5}/{IMAGE[:80]}
"token_id": "{IMAGE[:24]}",
secret_name = "db-{COMMIT[:12]}"
The access key file has md5 {CHECKSUM[:32]}, not more.
12:30:45 INFO token refreshed for user ann in 25 ms
2024-05-01 12:00:00 INFO authorization granted to 127.0.0.1:5432
Cookie: theme=dark; lang=en-US
Set-Cookie: lang=en; Path=/
Set-Cookie: lang=en; Path=/app; Domain=shop.internal
auth: {COMMIT}
"auth": "{UUID}"
the token {COMMIT} is a commit
!function(e,t){{var n=e.token;t.key=n,e.pass&&(t.password=n.password)}}(a,b);
""".strip().split("\n")

PROSE = """
The token is refreshed every hour, and the password is required.
Password must be at least 8 characters.
The secret to success is work, and the key is patience.
Our API key rotation policy is in docs/keys.md.
The access token (expires 2024-05-01T12:00:00Z) is opaque.
The token is base64-encoded, the password is hashed with bcrypt.
password_encryption is scram-sha-256 by default.
Use --username and --password options instead of the URL.
Get your API key at https://platform.example.com/account/api-keys
The bearer instruments of 1923 are lost.
secret: "part 2 of the story"
password: "enter 8 characters"
Machine learning login page password reset.
Problem identified by "jamesh" and by another user.
Tests pass: 12/12, passed: 12, failed: 3
It bypasses the compass, says the author.
What you put into `<private>` tags is never stored.
Then mysql -p
Write redis-cli -a " and the password and another quotation mark.
It knows `mysql -p`, `docker login -p` and `openssl -passin`.
""".strip().split("\n")


@pytest.mark.parametrize("line", PLACEHOLDERS + CODE + DATA + PROSE)
def test_a_line_without_secrets_stays_as_it_is(line: str):
    assert redact(line, KEY).findings == ()


def test_all_of_them_together_stay_as_they_are():
    """A rule that looks across lines finds nothing there either."""
    assert redact("\n".join(PLACEHOLDERS + CODE + DATA + PROSE), KEY).findings == ()


def test_an_example_key_is_known_by_its_word_and_not_by_its_form():
    assert redact(EXAMPLE_KEY.replace("EXAMPLE", "Q2W3E4R"), KEY).findings


def test_of_the_standard_library_not_one_line_in_a_thousand_is_touched():
    folder = Path(sysconfig.get_path("stdlib"))
    modules = [Path(module.__file__ or "") for module in (argparse, http.cookies, json, smtplib, tokenize)]
    files = [*modules, *Path(asyncio.__file__ or "").parent.glob("*.py"), *sorted(folder.glob("[a-z]*.py"))]
    lines = touched = 0
    for file in files:
        text = file.read_text(encoding="utf-8")
        lines += text.count("\n")
        touched += sum(1 + text.count("\n", found.start, found.end) for found in redact(text, KEY).findings)
    assert lines > 20_000
    assert touched * 1_000 <= lines
