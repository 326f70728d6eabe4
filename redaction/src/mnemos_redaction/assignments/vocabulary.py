"""The words that the rules know."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: What makes a key a secret: `api_key`, `private-key`, `STRIPE_KEY`.
SECRET_KEYS: Final = _words(
    """
    access account admin algolia amplitude anthropic api app application auth aws azure claude client
    cloudflare cohere consumer datadog dd decryption deploy discord encrypt encryption firebase gcp
    gemini github gitlab google groq heroku hmac honeycomb integration license linear mailchimp mailgun
    mapbox master mem9 mistral mixpanel mnemo newrelic notion openai openrouter private pusher secret
    segment sendgrid sentry service shared sign signing slack storage stripe subscription supabase
    telegram twilio webhook write
    """
)
#: Parts of a name before the stem that make it no secret: `public_key`, `next_page_token`.
NO_SECRET_WITH_PREFIX: Final = _words(
    """
    anti ask bos cache cached cancel cancellation check cls completion composite continuation count css
    cursor dedup delivery end eos find foreign forgery forgot get group has hash hide host i18n
    idempotency index input is js known lexer lookup mask max message min natural next no num object
    output pad page partition primary prompt pub public publishable range reasoning resume resumption
    routing row sep sequence shard show sort special start stop sync syntax toggle total translation
    unique unk use without
    """
)
#: Parts behind the stem that make it no secret: `token_type`, `password_file`.
NO_SECRET_WITH_SUFFIX: Final = _words(
    """
    age alg algorithm arg argument arn array at audience board bucket budget callback class code codes
    column count desc description dict digest disabled down enabled encoding encryption end endpoint env
    err error event events expiration expire expired expires expiry factory field fields file filename
    files form format free func function generator handler hash hashed hasher hashing header help hint
    id ids index info input issuer kind label len length less limit limits list manager map message meta
    metadata method mode model msg name names num number offset page param parameter parameters parser
    path paths pattern placeholder policies policy pos position prefix press prompt provider range rate
    ref refs regex required reset ring rule rules scope scopes service set size source start state
    status store stream strength suffix table template text title ttl type types up uri url usage
    validation validator validators var variable version view word words
    """
)
#: Parts behind the stem that change nothing: `password_prod`, `secret_key`.
PLAIN_SUFFIXES: Final = _words(
    """
    access admin api app auth b64 backup base base64 bearer bot ci client current database db default
    dev development global hex key keys live local main master new old pass passphrase password plain
    prev primary private prod production pwd raw readonly ro root rw s secondary secret secrets server
    signing stage staging str string test testing token tokens user val value
    """
)
#: Words that a placeholder is made of. A value that holds nothing else is one.
EMPTY_WORDS: Final = _words(
    # what it would be
    """
    access account admin anthropic api apikey app application auth authentication authorization aws
    azure basic bearer client code contrasena cookie cred credential credentials creds database db
    docker email github gitlab google guest host hostname id jwt kennwort key keys login minio mongo
    mongodb motdepasse mysql name oauth openai pass passcode passphrase passwd password passwort pin postgres
    postgresql private public pw pwd rabbitmq redis root secret secrets senha server service session
    token tokens user username uuid
    """
    # that it is missing, or comes from elsewhere
    """
    any array blank bool boolean bytes char config default dict double empty env environ environment
    false field file fixme float input int integer list map missing na nil no none null number object
    off on option optional path prompt required secretstr settings str string tbd text todo true type
    undef undefined unknown unset url value values var variable void yes
    """
    # that it stands for another one
    """
    a abc an and another anything bad bar base baz be censored change changeit changeme clear cleartext
    correct current demo do dummy encrypted enter example fake fill first foo foobar for from generated
    goes good hashed hello here hidden in incorrect insert invalid is it like long masked me mock my new
    not of old omitted or other our placeholder plain plaintext previous protected put qux random raw
    real redacted removed replace right same sample second set snip some someone something stripped
    strong super test testing tests that the this to use using valid very weak whatever with world wrong
    x xyz your
    """
)
#: Words that name secrets.
SECRET_WORDS: Final = _words(
    """
    cred credential credentials creds key keys pass passphrase passwd password secret secrets token
    tokens
    """
)
#: What names run together with a short stem, as in `dbpass` and `apikey`.
RUN_TOGETHER: Final = _words(
    """
    access account admin api app auth client db encryption ftp license master mysql pg private root
    secret service shared signing smtp ssh storage user
    """
)
#: Names of algorithms and formats, which have digits.
ALGORITHMS: Final = _words(
    """
    aes alpha argon aws base bcrypt beta cbc chacha ctr curve des dsa ecdh ecdsa ed eddsa es f float gcm
    hmac hs http i int jwe jws md oauth pbkdf pkcs poly ps rc rs rsa scram scrypt sha ssl tls u uint utf
    v x
    """
)
#: The 150 most frequent pairs of letters in the words and identifiers of code and manuals, 83 % of all pairs
#: there. Among random letters they are 22 %.
COMMON_PAIRS: Final = _words(
    """
    ab ac ad ag ai al am an ap ar as at be bl bu ca ce ch ci ck cl co cr ct da de di do ea ec ed ee ef
    el em en ep er es et ev ex fa fi fo ge gi ha he hi ho ib ic id ie if ig il im in io ir is it ke la
    ld le li ll lo ls lt lu ly ma me mi mo mp na nc nd ne ng ni no ns nt oc od ol om on op or os ot ou
    ov ow pa pe pl po pp pr pt ra re ri rm rn ro rr rs rt ry sa sc se sh si so sp ss st su ta te th ti
    to tr ts tt tu ty ue ul um un up ur us ut va ve vi wi
    """
)
#: Words of sentences; no passphrase needs them.
JOINING_WORDS: Final = _words(
    """
    a an and are at be can cannot characters could do does enter for from has have if in is it least
    must my no not of on or please required should that the this to was when will with wrong you your
    """
)
