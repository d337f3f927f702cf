#!/bin/sh
# A sign-in without any library: each call of docs/games.md, in order. POSIX sh and curl.
#   ISSUER=http://localhost:4000 GAME=space-snake SERVER=snake-server SERVER_SECRET=pts_… sh games/walkthrough.sh
set -eu

ISSUER=${ISSUER:-http://localhost:4000}
GAME=${GAME:-space-snake}
# One field of an answer.
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

asked=$(curl -sS -d "client_id=$GAME" --data-urlencode 'scope=openid profile' "$ISSUER/oauth/device_authorization")
device_code=$(echo "$asked" | field device_code)
echo "Open $(echo "$asked" | field verification_uri_complete)"
echo "and see whether it shows $(echo "$asked" | field user_code)"

interval=$(echo "$asked" | field interval)
while :; do
  sleep "$interval"
  answer=$(curl -sS -d "client_id=$GAME" -d "device_code=$device_code" \
    -d 'grant_type=urn:ietf:params:oauth:grant-type:device_code' "$ISSUER/oauth/token") || continue
  case $(echo "$answer" | field error) in
    '') break ;;
    authorization_pending) ;;
    slow_down) interval=$((interval + 5)) ;;
    *) echo "$answer" >&2; exit 1 ;;
  esac
done
access_token=$(echo "$answer" | field access_token)
refresh_token=$(echo "$answer" | field refresh_token)

curl -sS -H "Authorization: Bearer $access_token" "$ISSUER/oauth/userinfo"
echo

umask 077
generation=$(echo "${refresh_token#ptr_}" | tr '_-' '/+' | base64 -d | od -An -tu1 -j17 -N4 |
  { read -r a b c d; echo $((a << 24 | b << 16 | c << 8 | d)); })
attempt=$generation.$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d =)
printf '%s\n' "$refresh_token" "$attempt" >sign-in

refresh() {
  curl -sS -H "Portico-Attempt: $attempt" -d "client_id=$GAME" -d 'grant_type=refresh_token' \
    -d "refresh_token=$refresh_token" "$ISSUER/oauth/token"
}
lost=$(refresh | field refresh_token)
answer=$(refresh)
[ "$lost" = "$(echo "$answer" | field refresh_token)" ]
access_token=$(echo "$answer" | field access_token)
refresh_token=$lost
printf '%s\n' "$refresh_token" >sign-in

ticket=$(curl -sS -H "Authorization: Bearer $access_token" -H 'Content-Type: application/json' \
  -d "{\"clientId\":\"$SERVER\"}" "$ISSUER/api/v1/auth/me/join-ticket" | field ticket)

redeem() {
  curl -sS -u "$SERVER:$SERVER_SECRET" -H 'Content-Type: application/json' \
    -d "{\"ticket\":\"$ticket\"}" "$ISSUER/api/v1/external/join"
}
redeem
echo
[ "$(redeem | field error)" = ticket_refused ]

curl -sSf -o /dev/null -d "client_id=$GAME" -d "token=$refresh_token" "$ISSUER/oauth/revoke"
rm sign-in
echo 'signed out'
