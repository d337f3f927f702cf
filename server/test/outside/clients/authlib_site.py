"""A site in Python on Authlib: reads what to do as lines of JSON, answers with one line each."""

import json
import os
import sys
from urllib.parse import urlencode

# Plain http is for the loopback of a test.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, jwt
from authlib.oidc.core import CodeIDToken

site = {}


def connect(order):
    metadata = requests.get(order["issuer"] + "/.well-known/openid-configuration", timeout=10).json()
    if metadata["issuer"] != order["issuer"]:
        raise ValueError("another issuer")
    site.update(order, metadata=metadata)
    return True


def session(**more):
    return OAuth2Session(
        site["client_id"],
        site["client_secret"],
        token_endpoint_auth_method="client_secret_post",
        scope=site["scope"],
        redirect_uri=site["redirect_uri"],
        code_challenge_method="S256",
        **more,
    )


def begin(order):
    kept = {"verifier": generate_token(48), "nonce": generate_token(20)}
    address, state = session().create_authorization_url(
        site["metadata"]["authorization_endpoint"], code_verifier=kept["verifier"], nonce=kept["nonce"], **order["extra"]
    )
    return {"address": address, "kept": {**kept, "state": state}}


def finish(order):
    kept = order["kept"]
    token = session(state=kept["state"]).fetch_token(
        site["metadata"]["token_endpoint"], authorization_response=order["address"], code_verifier=kept["verifier"]
    )
    return tokens(token, claims(token["id_token"], nonce=kept["nonce"])["sub"])


def claims(id_token, **expected):
    keys = JsonWebKey.import_key_set(requests.get(site["metadata"]["jwks_uri"], timeout=10).json())
    options = {
        "iss": {"essential": True, "value": site["metadata"]["issuer"]},
        "aud": {"essential": True, "value": site["client_id"]},
        "sub": {"essential": True},
        "exp": {"essential": True},
    }
    read = jwt.decode(id_token, keys, claims_cls=CodeIDToken, claims_options=options, claims_params=expected)
    read.validate(leeway=5)
    return read


def refresh(order):
    before = order["tokens"]
    token = session().refresh_token(site["metadata"]["token_endpoint"], refresh_token=before["refreshToken"])
    subject = claims(token["id_token"])["sub"] if "id_token" in token else before["subject"]
    return tokens({"id_token": before["idToken"], **token}, subject)


def tokens(token, subject):
    return {
        "accessToken": token["access_token"],
        "refreshToken": token["refresh_token"],
        "idToken": token["id_token"],
        "subject": subject,
    }


def userinfo(order):
    answer = session(token={"access_token": order["accessToken"], "token_type": "Bearer"}).get(
        site["metadata"]["userinfo_endpoint"], timeout=10
    )
    answer.raise_for_status()
    return answer.json()


def sign_out(order):
    query = {
        "id_token_hint": order["idToken"],
        "post_logout_redirect_uri": site["post_logout_redirect_uri"],
        "state": order["state"],
    }
    return site["metadata"]["end_session_endpoint"] + "?" + urlencode(query)


WORK = {
    "connect": connect,
    "begin": begin,
    "finish": finish,
    "refresh": refresh,
    "userinfo": userinfo,
    "sign-out": sign_out,
}

for line in sys.stdin:
    order = json.loads(line)
    try:
        answer = {"answer": WORK[order["do"]](order)}
    except Exception as error:  # What a library refuses is what the tests ask for.
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
