"""What a name, a header, an address or a command gives away, one way to write it after the other."""

from __future__ import annotations

import pytest
from mnemos_redaction import redact

KEY = b"a key of this installation"
#: Passwords such as people make: neither long nor random.
WEAK, SHORT = "sunn1day", "S0mmer!"
RANDOM = "q7" + "Rk2vXm9T" * 4
HEXADECIMAL = "9775a026f1ca7d1c" * 2


def hide(text: str) -> str:
    """Redact, and leave out the fingerprints."""
    redacted = redact(text, KEY)
    shown = redacted.text
    for finding in redacted.findings:
        shown = shown.replace(f"[redacted:{finding.kind}:{finding.fingerprint}]", f"({finding.kind})")
    return shown


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"the password is {WEAK}.", "the password is (password)."),
        (f"password: {WEAK} and user: ann", "password: (password) and user: ann"),
        (f"Use `{WEAK}` as password", f"Use `{WEAK}` as password"),  # nothing before it says what it is
        (f"user ann, password {SHORT}24, db shop", "user ann, password (password), db shop"),
        (f"the password was changed to {WEAK}", "the password was changed to (password)"),
        (
            f"changed the password from {WEAK} to {SHORT}.",
            "changed the password from (password) to (password).",
        ),
        (f"use password {WEAK} for it", "use password (password) for it"),
        (f"creds: ann/{WEAK}", "creds: ann/(password)"),
        (f"Credentials: ann : {WEAK}", "Credentials: ann : (password)"),
        (f"Password → {WEAK}", "Password → (password)"),
        (f"PW: {WEAK}", "PW: (password)"),
        (f"Das Passwort: {WEAK}", "Das Passwort: (password)"),
        (f"la contraseña: {WEAK}", "la contraseña: (password)"),
        (f"пароль: {WEAK}", "пароль: (password)"),
        (f"密码是 {WEAK}。", "密码是 (password)。"),
        (f"パスワード\uff1a{WEAK}", "パスワード\uff1a(password)"),
        (f"비밀번호: {WEAK}", "비밀번호: (password)"),
        ('passphrase: "correct horse battery staple"', 'passphrase: "(password)"'),
        ("DB_PASSWORD=correcthorse", "DB_PASSWORD=(password)"),
        (
            f"The new API key for staging is {RANDOM}, for now",
            "The new API key for staging is (secret), for now",
        ),
        (f"the datadog api key of the team: {HEXADECIMAL}", "the datadog api key of the team: (secret)"),
    ],
)
def test_sentences(text: str, hidden: str):
    assert hide(text) == hidden


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"password={WEAK}&user=ann", "password=(password)&user=ann"),
        (f"host=db password={WEAK} dbname=shop", "host=db password=(password) dbname=shop"),
        (f"Server=db;Password={SHORT}x;Timeout=3", "Server=db;Password=(password);Timeout=3"),
        (
            f"jdbc:postgresql://db/shop?user=ann&password={WEAK}",
            "jdbc:postgresql://db/shop?user=ann&password=(password)",
        ),
        (f"PASSWORD='{WEAK}' # old", "PASSWORD='(password)' # old"),
        (f'password = """{WEAK}"""', 'password = """(password)"""'),
        (f"Config(user='ann', password={WEAK})", "Config(user='ann', password=(password))"),
        (f'{{password: "{WEAK}", user: "ann"}}', '{password: "(password)", user: "ann"}'),
        (f"password=&quot;{WEAK}&quot;", "password=&quot;(password)&quot;"),
        (f"a\\npassword={WEAK}\\nb", "a\\npassword=(password)\\nb"),
        (f'#define PASSWORD "{WEAK}"', '#define PASSWORD "(password)"'),
        (f'setx TOKEN "{RANDOM}"', 'setx TOKEN "(token)"'),
        (f"helm install x --set db.password={WEAK}", "helm install x --set db.password=(password)"),
        (f"https://api.internal/v1?key={RANDOM}", "https://api.internal/v1?key=(api_key)"),
        (f"//registry.npmjs.org/:_authToken={RANDOM}", "//registry.npmjs.org/:_authToken=(token)"),
        (f'"auth": "{RANDOM}"', '"auth": "(credential)"'),
        (f"heroku_api_key={'550e8400-e29b-41d4-a716-44665544'}0000", "heroku_api_key=(api_key)"),
        ("password=foo(bar]9x!Q2 ", "password=(password) "),  # brackets of code come in pairs
        (f'set_password("{WEAK}")', 'set_password("(password)")'),
        (f"<password>{WEAK}</password>", "<password>(password)</password>"),
        (f"**password: {WEAK}**", "**password: (password)**"),
        (f"password='{WEAK}\\'x'", "password='(password)'"),  # an escaped quotation mark closes nothing
        # Neither does one in the next line.
        (f"password='{WEAK}\nuser='ann'", "password='(password)\nuser='ann'"),
        (f'password="{WEAK}', 'password="(password)'),
        (f"token={RANDOM * 5}...", "token=(token)..."),
        (f"token={RANDOM * 20}&user=ann", "token=(token)&user=ann"),
    ],
)
def test_assignments_end_where_the_value_ends(text: str, hidden: str):
    assert hide(text) == hidden


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"Authorization: Bearer {RANDOM}", "Authorization: Bearer (authorization)"),
        (f"Authorization: token {HEXADECIMAL}", "Authorization: token (authorization)"),
        ("Authorization: Basic YW5uOnN1bm4xZGF5", "Authorization: Basic (authorization)"),
        (f"authorization={RANDOM}", "authorization=(authorization)"),
        (
            f"-H 'Authorization: Bearer {RANDOM}' https://x",
            "-H 'Authorization: Bearer (authorization)' https://x",
        ),
        (f'{{"Authorization": "Bearer {RANDOM}"}}', '{"Authorization": "Bearer (authorization)"}'),
        (f"Proxy-Authorization: Basic {RANDOM}", "Proxy-Authorization: Basic (authorization)"),
        (f"called with Bearer {RANDOM}", "called with Bearer (authorization)"),
        (f"PRIVATE-TOKEN: {RANDOM}", "PRIVATE-TOKEN: (token)"),
        (f"X-Auth-Token: {RANDOM}", "X-Auth-Token: (token)"),
        (f"Cookie: lang=en; PHPSESSID={WEAK}; theme=dark", "Cookie: lang=en; PHPSESSID=(cookie); theme=dark"),
        (f"Set-Cookie: id={RANDOM}; Path=/; Secure", "Set-Cookie: id=(cookie); Path=/; Secure"),
    ],
)
def test_headers(text: str, hidden: str):
    assert hide(text) == hidden


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"https://ann:{WEAK}@git.internal/x", "https://ann:(url_password)@git.internal/x"),
        (f"redis://:{WEAK}@cache:6379", "redis://:(url_password)@cache:6379"),
        (f"postgres://ann:p@{WEAK}@db/x", "postgres://ann:(url_password)@db/x"),
        (f"mongodb://ann:a/{WEAK}?@db/x", "mongodb://ann:(url_password)@db/x"),
        (f"https://{RANDOM}@git.internal/x", "https://(url_password)@git.internal/x"),
        (
            f"https://{RANDOM}:x-oauth-basic@git.internal/x",
            "https://(url_password):x-oauth-basic@git.internal/x",
        ),
        (f"DSN=ann:{WEAK}@tcp(db:4000)/x", "DSN=ann:(url_password)@tcp(db:4000)/x"),
        (f"ann:{WEAK}@unix(/tmp/s)/x", "ann:(url_password)@unix(/tmp/s)/x"),
    ],
)
def test_addresses_keep_user_and_host(text: str, hidden: str):
    assert hide(text) == hidden


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"curl -u ann:{WEAK} https://x", "curl -u ann:(password) https://x"),
        (f"curl https://x --user 'ann:{WEAK}'", "curl https://x --user 'ann:(password)'"),
        (f'run(["curl", "-u", "ann:{WEAK}", url])', 'run(["curl", "-u", "ann:(password)", url])'),
        (
            f"curl -X POST \\\n  -u ann:{WEAK} \\\n  https://x",
            "curl -X POST \\\n  -u ann:(password) \\\n  https://x",
        ),
        (f"mysql -uann -p{WEAK} shop", "mysql -uann -p(password) shop"),
        (f"mysqldump -u ann -p'{SHORT}' shop", "mysqldump -u ann -p'(password)' shop"),
        (f"redis-cli -h cache -a {WEAK} ping", "redis-cli -h cache -a (password) ping"),
        (f"sshpass -p {WEAK} ssh db", "sshpass -p (password) ssh db"),
        (f"docker login -u ann -p {WEAK} r.internal", "docker login -u ann -p (password) r.internal"),
        (f"echo {WEAK} | docker login --password-stdin", "echo (password) | docker login --password-stdin"),
        (f'echo "root:{WEAK}" | chpasswd', 'echo "root:(password)" | chpasswd'),
        (f"openssl rsa -in k.pem -passin pass:{WEAK}", "openssl rsa -in k.pem -passin pass:(password)"),
        (f"deploy --password {WEAK} --now", "deploy --password (password) --now"),
        (f"requirepass {WEAK}", "requirepass (password)"),
        (f"CREATE USER ann IDENTIFIED BY '{WEAK}';", "CREATE USER ann IDENTIFIED BY '(password)';"),
        (f"ALTER ROLE ann WITH PASSWORD '{WEAK}';", "ALTER ROLE ann WITH PASSWORD '(password)';"),
        (
            f"machine h.internal\n  login ann\n  password {WEAK}\n",
            "machine h.internal\n  login ann\n  password (password)\n",
        ),
        (f"db.internal:5432:shop:ann:{WEAK}\n", "db.internal:5432:shop:ann:(password)\n"),
        (f"*:*:*:ann:{WEAK}\r\n", "*:*:*:ann:(password)\r\n"),
        (f'get(url, auth=("ann", "{WEAK}"))', 'get(url, auth=("ann", "(password)"))'),
    ],
)
def test_commands_and_files(text: str, hidden: str):
    assert hide(text) == hidden
