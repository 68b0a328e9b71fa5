"""What providers' keys look like, and how a provider is switched to its test mode."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_readiness.core.entropy import decoded, estimated_bits
from pytest_readiness.domains.env.forms import TEMPLATE_NAMES

NOTHING = r"(?!)"
"""The shape of no text."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider of keys: shapes of its live and its test keys, and of those that do not say.

    Attributes:
        title: how the provider is called.
        names: what is in the names of variables that belong to it.
        live: shape of live keys.
        test: shape of test keys.
        own: shape of test keys that tells only in variables that belong to the provider.
        either: shape of keys that are alike in both modes.
        public: shape of keys that may be shown to everybody.
        hook: shape of secrets that sign what the provider sends.
        ids: shape of what names an account, a price, a customer …, and is no key.
        hosts: what the name of a host of the provider begins with, or a part of it between dots and hyphens.
    """

    title: str
    names: str
    live: str = NOTHING
    test: str = NOTHING
    own: str = NOTHING
    either: str = NOTHING
    public: str = NOTHING
    hook: str = NOTHING
    ids: str = NOTHING
    hosts: str = NOTHING


def _like_stripe(title: str, names: str, hosts: str = NOTHING) -> Provider:
    return Provider(
        title,
        names,
        live=r"(sk|pk|rk)_live_[A-Za-z0-9]{16,}=*",
        test=r"(sk|pk|rk|ek|cs)_test_.*",
        either=r"whsec_\S+",
        public=r"pk_.+",
        hook=r"whsec_.+",
        ids=r"(acct|ca|cus|evt|pi|pm|plan|price|prod|seti|si|sub|we)_[A-Za-z0-9]{8,}",
        hosts=hosts,
    )


# From the providers' documentation of their API keys and test modes.
PROVIDERS = (
    _like_stripe("Stripe", "STRIPE", "stripe"),
    Provider(
        "Plaid",
        "PLAID",
        live=r"access-production-[\w-]{20,}",
        test=r"(access|public|link)-(sandbox|development)-.*",
        either=r"[0-9a-f]{24,30}",
        hosts="plaid",
    ),
    Provider("Twilio", "TWILIO", test=r"\+1500555\d{4}", either=r"(AC|SK)?[0-9a-f]{32}"),
    Provider("SendGrid", "SENDGRID", live=r"SG\.[\w-]{16,}\.[\w-]{16,}"),
    Provider("OpenAI", "OPENAI", live=r"sk-(?!ant-|or-|lf-)(proj-|svcacct-|admin-)?[\w-]{40,}"),
    Provider("Anthropic", "ANTHROPIC", live=r"sk-ant-[\w-]{40,}"),
    Provider("OpenRouter", "OPENROUTER", live=r"sk-or-[\w-]{40,}"),
    Provider("DeepSeek", "DEEPSEEK", live=r"sk-[0-9a-f]{32,}"),
    Provider("Langfuse", "LANGFUSE", live=r"[sp]k-lf-[0-9a-f-]{36}", public=r"pk-.+"),
    Provider("Resend", r"RESEND(?=_(?:API|KEY|TOKEN|SECRET|WEBHOOK)|$)", live=r"re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,}"),
    Provider(
        "Razorpay",
        "RAZORPAY|(?<![A-Z])RZP",
        live=r"rzp_live_\w{10,}",
        test=r"rzp_test_.*",
        public=r"rzp_.+",
        hosts="razorpay",
    ),
    Provider(
        "Square",
        r"SQUARE(?!_?(?:FOOT|FEET|SPACE|METER|METRE|ROOT|D(?![A-Z])))",
        live=r"sq0(atp|csp|idp)-[\w-]{20,}",
        test=r"sandbox-sq0.*",
        # The tokens of its sandbox begin in the same way.
        either=r"EAAA[\w-]{40,}",
        public=r"(sandbox-)?sq0idp-.+",
        hosts="squareup",
    ),
    Provider(
        "Braintree",
        r"BRAINTREE|(?<![A-Z])BT(?=_)",
        live=r"access_token\$production\$.+|production_[A-Za-z0-9]{8}_[A-Za-z0-9]{16}",
        test=r"access_token\$sandbox\$.*|sandbox_[A-Za-z0-9]{8}_[A-Za-z0-9]{16}",
        public=r"(sandbox|production)_[A-Za-z0-9]{8}_[A-Za-z0-9]{16}",
        hosts="braintree",
    ),
    Provider("PayPal", "PAYPAL", hosts="paypal"),
    Provider(
        "Adyen",
        "ADYEN",
        live=r"live_[A-Z0-9]{32}",
        test=r"test_[A-Z0-9]{32}",
        either=r"AQ\S{40,}",
        public=r"(live|test)_[A-Z0-9]{32}",
        hosts="adyen",
    ),
    Provider("Mollie", "MOLLIE", live=r"live_[A-Za-z0-9]{30,}", test=r"test_[A-Za-z0-9]{30}", own=r"test_.*"),
    Provider(
        "Flutterwave",
        "FLUTTERWAVE|(?<![A-Z])(?:FLW|RAVE)(?![A-Z])",
        live=r"FLW(SEC|PUB)K-[\w-]{16,}",
        test=r"FLW(SEC|PUB)K_TEST.*",
        public=r"FLWPUBK.+",
        hosts="flutterwave",
    ),
    Provider(
        "Checkout.com",
        r"CHECKOUT_?COM|(?<![A-Z])CKO(?![A-Z])",
        live=r"(sk|pk)_[a-z0-9]{26,30}[-*:.$=#]?",
        test=r"(sk|pk)_(sbox|test)_.*",
        public=r"pk_.+",
        hosts="checkout",
    ),
    Provider(
        "Paddle",
        "PADDLE",
        live=r"pdl_live_\w{20,}|live_[0-9a-f]{27}",
        test=r"pdl_sdbx_.*|test_[0-9a-f]{26,27}",
        own=r"test_.*",
        public=r"(live|test)_[0-9a-f]+",
        hosts="paddle",
    ),
    Provider(
        "GoCardless",
        r"GOCARDLESS|(?<![A-Z])GC(?=_)",
        live=r"live_[\w-]{40}",
        test=r"sandbox_[\w-]{40}",
        own=r"sandbox_.*",
        hosts="gocardless",
    ),
    Provider("EasyPost", "EASYPOST", live=r"EZAK\w{30,}", test=r"EZTK\w{30,}", own=r"EZTK.*"),
    Provider(
        "Mercado Pago",
        r"MERCADO_?PAGO|(?<![A-Z])MP(?=_)",
        live=r"APP_USR-[\w-]{20,}",
        test=r"TEST-\d{10,}-\d+-[0-9a-f]{16,}.*|TEST-[0-9a-f]{8}-[0-9a-f-]{27}",
        own=r"TEST-.*",
        public=r"(APP_USR|TEST)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    Provider(
        "Xendit",
        "XENDIT",
        live=r"xnd_(public_)?production_\w{16,}",
        test=r"xnd_(public_)?development_.*",
        public=r"xnd_public_.+",
    ),
    Provider(
        "Midtrans",
        "MIDTRANS",
        live=r"Mid-(server|client)-[\w-]{10,}",
        test=r"SB-Mid-.*",
        public=r"(SB-)?Mid-client-.+",
        hosts="midtrans",
    ),
    Provider("Omise", "OMISE", live=r"[sp]key_(?!test)[a-z0-9]{15,}", test=r"[sp]key_test_.*", public=r"pkey_.+"),
    Provider(
        "Stytch",
        "STYTCH",
        live=r"(secret|project|public-token)-live-[\w=-]{20,}",
        test=r"(secret|project|public-token)-test-.*",
        public=r"(project|public-token)-.+",
    ),
    Provider("Persona", "PERSONA", live=r"persona_production_[\w-]{16,}", test=r"persona_sandbox_.*"),
    Provider("Postmark", "POSTMARK", test="POSTMARK_API_TEST", either=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    Provider("Turnstile", "TURNSTILE", test=r"[123]x0{20,31}(AA|AB|BB|FF)", either=r"0x[\w-]{18,}", hosts="challenges"),
    Provider(
        "reCAPTCHA",
        "RECAPTCHA",
        test=r"6LeIxAcTAAAAA(JcZVRqyHh71UMIEGNQ_MXjiZKhI|GG-vFI1TnRWxMZNFuojJ4WifJWe)",
        either=r"6L[\w-]{38}",
    ),
    Provider(
        "hCaptcha",
        "HCAPTCHA",
        test=r"[123]0000000-ffff-ffff-ffff-00000000000[123]",
        own=r"0x0{40}",
        either=r"(0x[0-9A-Fa-f]{40}|ES_\w+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    ),
    Provider("iyzico", "IYZI", test=r"sandbox-[A-Za-z0-9]{16,}", own=r"sandbox-.*", hosts="iyzi"),
    Provider(
        "Toss Payments", "TOSS", live=r"live_g?[sc]k_\w{16,}", test=r"test_g?[sc]k_.*", public=r"(live|test)_g?ck_.+"
    ),
    Provider("Liveblocks", "LIVEBLOCKS", live=r"[sp]k_prod_[\w-]{16,}", test=r"[sp]k_dev_.*", public=r"pk_.+"),
    Provider(
        "Cashfree", "CASHFREE", live=r"cfsk_ma_prod_\w{16,}", test=r"cfsk_ma_test_.*|TEST\d{8,}\w+", hosts="cashfree"
    ),
    Provider("Shippo", "SHIPPO", live=r"shippo_live_[0-9a-f]{20,}", test=r"shippo_test_.*"),
    Provider(
        "Lob",
        r"(?<![A-Z])LOB(?![A-Z])",
        live=r"live_(pub_)?[0-9a-f]{31,}",
        test=r"test_(pub_)?[0-9a-f]{31,35}",
        own="test_.*",
        public=r"(live|test)_pub_.+",
    ),
    Provider("Sezzle", "SEZZLE", live=r"sz_(?!test)\w{16,}", test=r"sz_test_.*", hosts="sezzle"),
    Provider(
        "Wompi",
        "WOMPI",
        live=r"(prv|pub)_prod_\w{16,}",
        test=r"(prv|pub)_(stag)?test_.*",
        own=r"test_.*",
        public=r"pub_.+",
    ),
    Provider("Alpaca", "ALPACA", own=r"PK[A-Z0-9]{16,}", either=r"[A-Za-z0-9]{18,}", hosts="paper-api.alpaca|alpaca"),
    _like_stripe("Paystack", "PAYSTACK", "paystack"),
    _like_stripe("Clerk", "CLERK"),
    _like_stripe("PayMongo", "PAYMONGO", "paymongo"),
    _like_stripe("Culqi", "CULQI"),
    _like_stripe("Knock", "KNOCK"),
    Provider("WorkOS", "WORKOS", live=r"sk_live_\w{16,}|sk_(?!test)\w{20,}", test=r"sk_test_.*"),
    Provider("Wise", r"(?<![A-Z])(?:TRANSFER)?WISE(?![A-Z])", hosts=r"transferwise|wise(?=[.-])"),
    Provider(
        "Polar",
        r"(?<![A-Z])POLAR(?=_(?:ACCESS|API|TOKEN|SERVER|ENV|MODE|SANDBOX|ORG|WEBHOOK|SECRET))",
        either=r"polar_\w+",
        hosts="polar",
    ),
    Provider("Authorize.Net", r"AUTHORIZE_?NET|AUTHNET", hosts="authorize"),
    Provider("QuickBooks", "QUICKBOOKS|INTUIT", hosts="quickbooks|intuit"),
    *(
        Provider(title, title.upper(), hosts=title.lower())
        for title in (
            *(
                "Klarna",
                "Airwallex",
                "PhonePe",
                "Worldpay",
                "Finix",
                "Docusign",
                "Coinbase",
                "Dwolla",
                "Amadeus",
                "FedEx",
            ),
            *("CyberSource", "Afterpay", "Clearpay", "LemonSqueezy", "RevenueCat", "Nuvei", "Saferpay", "Chargebee"),
            *(
                "Recurly",
                "Zuora",
                "Redsys",
                "Opayo",
                "Trustly",
                "Vipps",
                "Salesforce",
                "Avalara",
                "TrueLayer",
                "Marqeta",
            ),
            *(
                "Payoneer",
                "SumUp",
                "Onfido",
                "Veriff",
                "Sumsub",
                "Datatrans",
                "Payone",
                "Ingenico",
                "Worldline",
                "PortOne",
                "SSLCommerz",
                "Comgate",
                "GoPay",
                "Barion",
                "SimplePay",
                "Moneris",
                "BlueSnap",
                "Monetico",
                "Paybox",
                "Wirecard",
            ),
        )
    ),
    *(
        Provider(title, names, hosts=hosts)
        for title, names, hosts in (
            ("Robokassa", "ROBOKASSA", "robokassa"),
            ("Prodamus", "PRODAMUS", "prodamus"),
            ("Tinkoff", "TINKOFF|TBANK", "tinkoff|tbank"),
            ("Ozow", "OZOW", "ozow"),
            ("PayFast", "PAYFAST", "payfast"),
            ("PagSeguro", "PAGSEGURO|PAGBANK", "pagseguro"),
            ("Pagar.me", r"PAGAR_?ME(?![A-Z])", "pagar[.]me"),
            ("Paytm", "PAYTM", "paytm|securegw(?:-stage)?[.]paytm"),
            ("Payme", r"(?<![A-Z])PAYME(?![A-Z])", "payme|paycom"),
            ("Transbank", r"TRANSBANK|WEBPAY", "transbank"),
            ("ePayco", "EPAYCO", "epayco"),
            ("Conekta", "CONEKTA", "conekta"),
            ("dLocal", r"(?<![A-Z])D_?LOCAL(?![A-Z])", "dlocal"),
            ("Bambora", "BAMBORA", "bambora"),
            ("Affirm", r"(?<![A-Z])AFFIRM(?![A-Z])", "affirm"),
            ("Sage Pay", "SAGE_?PAY", "sagepay"),
            ("ECPay", r"(?<![A-Z])ECPAY", "ecpay"),
            ("NewebPay", "NEWEBPAY", "newebpay"),
            ("OpenNode", "OPENNODE", "opennode"),
            ("Konnect", r"(?<![A-Z])KONNECT(?![A-Z])", "konnect"),
            ("TaxJar", r"TAX_?JAR", "taxjar"),
            ("Avatax", "AVATAX", "avatax"),
        )
    ),
    *(
        Provider(title, names, hosts=hosts)
        for title, names, hosts in (
            ("PayTR", "PAYTR", "paytr"),
            ("PayHere", "PAYHERE", "payhere"),
            ("bKash", "BKASH", "bka|bkash"),
            ("Nagad", "NAGAD", "nagad|mynagad"),
            ("eSewa", "ESEWA", "esewa"),
            ("Khalti", "KHALTI", "khalti"),
            ("GMO", r"(?<![A-Z])GMO(?![A-Z])", "mul-pay"),
            ("ZaloPay", "ZALO_?PAY", "zalopay"),
            ("MoMo", r"(?<![A-Z])MOMO(?![A-Z])", "momo"),
            ("M-Pesa", "M_?PESA|DARAJA|SAFARICOM", "safaricom"),
            ("Pesapal", "PESAPAL", "pesapal"),
            ("Peach Payments", r"(?<![A-Z])PEACH(?:_?PAYMENTS)?(?=_)", "peachpayments"),
            ("Efí", r"(?<![A-Z])EFI(?:_?PAY)?(?=_)|GERENCIANET", "efipay|gerencianet"),
            ("Cielo", "CIELO", "cielo"),
            ("Kushki", "KUSHKI", "kushki"),
            ("Dintero", "DINTERO", "dintero"),
            ("Twint", "TWINT", "twint"),
            ("wallee", "WALLEE", "wallee"),
            ("Novalnet", "NOVALNET", "novalnet"),
            ("Computop", "COMPUTOP", "computop"),
            ("SOFORT", r"(?<![A-Z])SOFORT(?![A-Z])", "sofort"),
            ("FastSpring", "FASTSPRING", "fastspring"),
            ("Yapily", "YAPILY", "yapily"),
            ("Spreedly", "SPREEDLY", "spreedly"),
            ("Scalapay", "SCALAPAY", "scalapay"),
            ("Alma", r"(?<![A-Z])ALMA(?=_)", "getalma|almapay"),
            ("HyperPay", "HYPERPAY|OPPWA", "oppwa"),
            ("Instamojo", "INSTAMOJO", "instamojo"),
            ("CCAvenue", "CCAVENUE", "ccavenue"),
            ("Binance", "BINANCE", "binance"),
            ("PayZen", "PAYZEN", "payzen"),
        )
    ),
    Provider(
        "Unzer", "UNZER", live=r"p-priv-\w{16,}", test=r"s-(?:priv|pub)-\w{16,}", public=r"[sp]-pub-.+", hosts="unzer"
    ),
    Provider("Asaas", "ASAAS", live=r"\$aact_prod_\S{16,}", test=r"\$aact_hmlg_.*", hosts="asaas"),
    Provider("Stancer", "STANCER", live=r"sprod_\w{16,}", test=r"[sp]test_\w{16,}", hosts="stancer"),
    Provider("YooKassa", "YOO_?KASSA", live=r"live_[\w-]{30,}", own="test_.*", hosts="yookassa"),
    Provider("Alipay", "ALIPAY", hosts="(?:[a-z-]+[.])*alipay"),
    Provider("Swish", "SWISH", hosts="(?:cpc[.])?getswish"),
    Provider("Revolut", "REVOLUT", hosts="(?:merchant[.])?revolut"),
    Provider("Nets", r"(?<![A-Z])NETS(?=_)", hosts="dibspayment"),
    Provider("Starling", "STARLING", hosts="starlingbank"),
    Provider("Przelewy24", "PRZELEWY|(?<![A-Z])P24(?=_)", hosts="przelewy24"),
    Provider("UnionPay", "UNIONPAY", hosts="95516"),
    Provider("Elavon", "ELAVON|CONVERGE(?:_?PAY)?(?=_)", hosts="convergepay"),
    Provider("Ogone", "OGONE", hosts="v-psp|ogone"),
    Provider("Systempay", r"SYSTEMPAY|SOGECOMMERCE|(?<![A-Z])VADS(?=_)"),
    Provider("UPS", r"(?<![A-Z])UPS(?=_)", hosts="ups(?=[.]com)"),
    Provider("Mailtrap", "MAILTRAP", hosts="mailtrap"),
    Provider("PayU", r"(?<![A-Z])PAYU(?![A-Z])", hosts="payu"),
    Provider("Apple", r"(?<![A-Z])(?:APPLE|APNS|IAP)(?![A-Z])", hosts=r"itunes\.apple|push\.apple|storekit"),
    Provider("DHL", r"(?<![A-Z])DHL(?![A-Z])", hosts="dhl"),
    Provider("eBay", r"(?<![A-Z])EBAY", own=r".*-SBX-.*", hosts="ebay"),
)
_UNKNOWN = Provider("a provider that this check does not know by name", NOTHING)
_PAYMENTS = Provider(
    "a provider of payments",
    r"(?<![A-Z])(?:PAYMENTS?|PAYOUTS?|BILLING|CHECKOUT|PSP|[A-Z]{0,12}PAY)(?![A-Z])"
    r"|^(?:(?:USE|IS|ENABLE|NEXT_PUBLIC|VITE|REACT_APP)_)*SANDBOX(?:_MODE|_ENABLED)?$",
)
_PIECE = re.compile(r"[A-Za-z0-9_+.$-]{16,}")
"""What a key may be made of: it may stand in JSON, a list or an address."""
_KEY_NAME = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?|_SK|_PK|_RK|KEY_ID|CLIENT_ID|APP_ID)\d*$")
_WORD = r"(?:sandbox|testing|test|playground)"
_TEST_WORD = re.compile(rf"(?<![a-z]){_WORD}(?![a-z])", re.IGNORECASE)
_TEST_KEY = re.compile(r"(?:[A-Za-z]{1,16}[_-]){0,3}(?:test|sandbox|sbox|sdbx)[_-][\w=+/-]{16,}", re.IGNORECASE)
_TEST_MODE = re.compile(
    r".*sandbox.*|(?:test(?:ing|mode)?|dev(?:elopment)?|demo|mock|playground|staging|stage|uat|pre-?prod(?:uction)?"
    r"|non-?prod(?:uction)?|integra(?:tion|cion|ción)|paper|fake|dry-?run)(?:[ _-]?(?:mode|env(?:ironment)?))?",
    re.IGNORECASE | re.DOTALL,
)
_MODE_NAME = re.compile(r"(?:^|_)(?:ENV|ENVIRONMENT|MODE|STAGE|SERVER|TIER)$")
_TEST_SWITCH = re.compile(
    r"(?:^|_)(?:TEST(?:NET)?|SANDBOX|MOCK|DEMO|DRY_?RUN)(?:_?(?:MODE|KEYS?|ENV|ENABLED|ENVIRONMENT|ACCOUNT))*$"
)
_LIVE_SWITCH = re.compile(r"(?:^|_)(?:LIVE|PROD|PRODUCTION)(?:_?(?:MODE|KEYS?|ENABLED))*$")
_ON = ("1", "true", "yes", "on", "y", "t", "enabled")
_OFF = ("0", "false", "no", "off", "n", "f", "disabled")
_TEST_HOST = re.compile(
    r"sandbox|playground|(?:^|[.-])(?:api|secure|account)?-?(?:test|demo|mock|preprod|uat|staging|stg|stage|paper|dev"
    r"|development|d)(?=[.-]|$)"
    # Hosts of providers' test modes that no word tells.
    r"|alipaydev|^(?:secure\.snd|esqa|ccore|wwwcie|mss|try\.access|sis-t|testsecure|rc-epay|pt01|sb-openapi|cybqa"
    r"|integration\.api|testnet)\.|^(?:smtp\.)?mailtrap\."
)
_SANDBOX_HOST = re.compile(r"(?:^|[.-])sandbox(?=[.-]).{0,200}\.(?!internal$|local$|lan$|svc$|test$)[a-z]{2,}$")
"""An address that a provider would give out: of a public name, "sandbox" being a word of it."""
_TEST_FOLDER = re.compile(r"/(?:test_[A-Za-z0-9]|(?:test|sandbox\w{0,10})(?:/|$))")
_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://)?(?:[^@/\s]{0,1000}@)?([a-z0-9-]+(?:\.[a-z0-9-]+)*)(?::\d+)?(/[^?#\s]*)?(?:[?#]\S*)?",
    re.IGNORECASE,
)
_LIVE_BEGINNING = re.compile(r"\W*[a-z]{1,12}[_-](?:live|prod(?:uction)?)(?:[_-].*)?", re.IGNORECASE | re.DOTALL)


def fits(shape: str, text: str) -> bool:
    """Whether all of a text has a shape."""
    return re.fullmatch(shape, text) is not None


def owner_of(name: str) -> Provider | None:
    """The provider that a variable is named after."""
    name = _upper(name)
    return next((provider for provider in PROVIDERS if re.search(provider.names, name)), None)


def matching(name: str, text: str, shape: str) -> Provider | None:
    """The provider whose shape the text has; first asked is the one that the variable is named after."""
    return _first(owner_of(name), text, shape)


def _first(owner: Provider | None, text: str, shape: str) -> Provider | None:
    candidates: Sequence[Provider] = (owner, *PROVIDERS) if owner else PROVIDERS
    return next((provider for provider in candidates if fits(getattr(provider, shape), text)), None)


def whose(name: str, provider: Provider) -> str:
    """How the provider of a key is told: several have keys of one form, and the name of the variable decides."""
    return provider.title if owner_of(name) is provider else f"in the form of {provider.title}'s"


def whose_test_value(name: str, text: str) -> str:
    """Whose test key, or address or switch of a test mode, a variable holds: "of …", or "" for none."""
    owner = owner_of(name)
    if provider := _of_key(name, text, owner):
        return f"of {provider.title}" if provider in (owner, _UNKNOWN) else whose(name, provider)
    provider = _switched(name, text, owner) or _of_host(name, text)
    return f"of {provider.title}" if provider else ""


def almost_live(name: str, text: str) -> bool:
    """Whether a provider's variable holds what begins like a live key, or has one in it, and is none."""
    owner = owner_of(name)
    if owner is None or owner.live == NOTHING or not _is_for_key(name):
        return False
    if any(fits(getattr(owner, shape), text) for shape in ("live", "either", "hook")):
        return False
    # What begins like a live key in its provider's variable is broken, though it has another provider's form.
    if matching(name, text, "live") and not _LIVE_BEGINNING.fullmatch(text):
        return False
    return _LIVE_BEGINNING.fullmatch(text) is not None or (
        text[:1] not in "[{" and "," not in text and any(fits(owner.live, piece) for piece in _PIECE.findall(text))
    )


def _of_key(name: str, text: str, owner: Provider | None) -> Provider | None:
    is_for_key = _is_for_key(name) or (owner is not None and fits(owner.names, _upper(name)))
    if owner and is_for_key and (fits(f"(?i:{owner.own})", text) or _TEST_WORD.search(text)):
        return owner
    for each in decoded(text):
        # A prefix alone is a key only where there should be one.
        whole = [each] if is_for_key or _PIECE.fullmatch(each) or each.startswith("+") else []
        for piece in dict.fromkeys((*whole, *_PIECE.findall(each))):
            if found := _first(owner, piece, "test"):
                return found
    if is_for_key and _TEST_KEY.fullmatch(text) and estimated_bits(text) >= KEY_BITS:
        return _UNKNOWN
    return None


KEY_BITS = 64
"""No provider's key holds fewer; what does is a made-up text in the shape of one."""


def _switched(name: str, text: str, owner: Provider | None) -> Provider | None:
    upper = _upper(name)
    provider = owner or (_PAYMENTS if re.search(_PAYMENTS.names, upper) else None)
    is_on, is_off = text.lower() in _ON, text.lower() in _OFF
    is_test = (
        (_MODE_NAME.search(upper) and _TEST_MODE.fullmatch(text))
        or (_TEST_SWITCH.search(upper) and is_on)
        or (_LIVE_SWITCH.search(upper) and is_off)
    )
    return provider if is_test else None


def _of_host(name: str, text: str) -> Provider | None:
    address = _ADDRESS.fullmatch(text)
    if address is None:
        return None
    host = address[1].lower()
    if not _TEST_HOST.search(host) and not ("." in host and _TEST_FOLDER.search(address[2] or "")):
        return None
    known = next((each for each in PROVIDERS if re.search(rf"(?:^|[.-])(?:{each.hosts})", host)), None)
    # A team may have a sandbox of its own, and says so in the name of what leads to it.
    of_others = _SANDBOX_HOST.search(host) and "SANDBOX" not in _upper(name)
    return known or (_UNKNOWN if of_others else None)


def _is_for_key(name: str) -> bool:
    return _KEY_NAME.search(_upper(name)) is not None and not TEMPLATE_NAMES.search(name)


def _upper(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()


def titles() -> Iterator[str]:
    """How the providers are called."""
    return (provider.title for provider in PROVIDERS)
