#!/usr/bin/env bash
# One thing, many spellings: paths, ids, numbers, passwords and addresses mean one thing each, and a text that nobody sees means none.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"
person ana client
person ben freelancer

it "a payment is there to be refunded"
post_job "$ana_token"
apply_for "$ben_token" "$job_id"
hire "$ana_token" "$ana_id" "$application_id"
call "$ana_token" POST "/api/contracts/$contract_id/complete/" 200
invoiced() {
    call "$ana_token" GET /api/invoices/ 200
    [[ $(jq -r '.results[0].contract_id' "$http_work/body") == "$contract_id" ]]
}
until_true 30 "the invoice" invoiced
call "$ana_token" GET /api/invoices/ 200
call "$ana_token" POST /api/payments/ 201 "{\"invoice_id\": \"$(got '.results[0].id')\", \"method\": \"card\"}"
payment=$(got .id)

it "a refund repeated with its key is one refund, whatever the spelling of the request"
key=(-H 'Idempotency-Key: refund-once')
refund() { # STATUS PATH BODY
    call "$ben_token" POST "$2" "$1" "$3" "${key[@]}" --path-as-is
    [[ $1 != 200 ]] || has .refunded.amount 100
}
body='{"amount": {"amount": 100, "currency": "EUR"}, "reason": "caf\u00e9"}'
# The id that the key has had before there was a rule: of principal, method and path as most people write them, and the key.
was=$(python3 -c 'import sys, uuid
print(uuid.uuid5(uuid.UUID("0b5c0a8e-6e52-5b0e-9c59-3d1f7a416a90"), "\0".join(sys.argv[1:])))' \
    "$ben_id" POST "/api/payments/$payment/refund/" refund-once)
refund 200 "/api/payments/$payment/refund/" "$body"
call "$ben_token" GET "/api/commands/$was/" 200
has .status applied
capitals=${payment^^}
for path in "/api/payments/$capitals/refund/" "/%61pi/payments/$payment/refund/" "/api//payments/$payment/refund//" \
    "/api/payments/%3${payment:0:1}${payment:1}/refund/" "/api/payments/${payment:0:8}%2D${payment:9}/refund/"; do
    [[ $path != */%3[a-f]* ]] || continue # only digits are %3x
    refund 200 "$path" "$body"
done
for other in '{"reason": "café", "amount": {"currency": "EUR", "amount": 100}}' \
    '{"amount":{"amount":100.0,"currency":"EUR"},"reason":"caf\u00E9"}' \
    '{"amount": {"\u0061mount": 1e2, "currency": "\u0045UR"}, "reason": "café"}' \
    '{"amount": {"amount": 1000E-1, "currency": "EUR"}, "reason": "café"}'; do
    refund 200 "/api/payments/$capitals/refund/" "$other"
done
refund 308 "/api/payments/$payment/refund" "$body"
refund 400 "/api/payments/%7B$payment%7D/refund/" "$body"
refund 400 "/api/payments/$payment%2Frefund/refund/" "$body"
refund 422 "/api/payments/$payment/refund/" "${body/100/101}"
call "$ana_token" GET "/api/payments/$payment/" 200
has .refunded.amount 100

it "one password has one form (RFC 8265), and one address"
secret=$'caf\u00e9 du \u00c9t\u00e9' apart=$'cafe\u0301 du E\u0301te\u0301' wide=$'caf\u00e9\u00a0du\u3000\u00c9t\u00e9'
user=dora.$$.$EPOCHSECONDS
register() { # STATUS EMAIL PASSWORD [CURL-ARGUMENT ...]
    call '' POST /api/register/ "$1" "$(jq -cn --arg e "$2" --arg p "$3" \
        '{email: $e, password: $p, display_name: "Dora", roles: ["client"]}')" "${@:4}"
}
login() { # STATUS EMAIL PASSWORD
    call '' POST /api/login/ "$1" "$(jq -cn --arg e "$2" --arg p "$3" '{email: $e, password: $p}')"
}
register 201 "$user@b"$'\u00fc'"cher.example" "$secret" -H 'Idempotency-Key: dora'
dora=$(got .id)
has .email "$user@xn--bcher-kva.example"
register 201 "${user^^}@xn--bcher-kva.example" "$apart" -H 'Idempotency-Key: dora'
has .id "$dora"
register 409 "$user@BU"$'\u0308'"CHER.example" "$secret"
refused email_taken
register 400 $'d\u00f6ra@example.org' "$secret"
has '.errors[0].field + ":" + .errors[0].code' email:format
for password in "$secret" "$apart" "$wide"; do
    login 200 "$user@b"$'\u00fc'"cher.example" "$password"
done
login 200 $'\uff24'"${user:1}@XN--bcher-KVA.example" "$secret"
token=$(got .token)
login 401 "$user@xn--bcher-kva.example" "${secret^^}"
for password in $'tab\tin the middle' $'zero\u200bwidth' $'joined a\u200db'; do
    register 400 "no.$user@example.org" "$password"
    has '.errors[0].field + ":" + .errors[0].code' password:format
done
register 400 "no.$user@example.org" $'e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301'
has '.errors[0].code' length
change=$(jq -cn --arg o "$apart" --arg n $'n\u0303andu\u0301 horse' '{old_password: $o, new_password: $n}')
call "$token" POST /api/profile/password/ 204 "$change"
login 200 "$user@xn--bcher-kva.example" $'\u00f1and\u00fa horse'

it "who had a hash of the bytes that were sent logs in as before"
ben_password=$'cafe\u0301 of ben \u200b'
(cd "$http_work" && python3 - "$ben_password" >hash <<'P'
import ctypes, ctypes.util, sys
sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
text, out = sys.argv[1].encode(), ctypes.create_string_buffer(128)
assert sodium.sodium_init() >= 0
assert sodium.crypto_pwhash_str_alg(out, text, ctypes.c_ulonglong(len(text)), ctypes.c_ulonglong(2), ctypes.c_size_t(19456 << 10), 2) == 0
print(out.value.decode())
P
)
sql "UPDATE hirelog_user_vault.credential SET password_hash = '$(<"$http_work/hash")' WHERE user_id = '$ben_id'" >/dev/null
login 200 "$ben_email" "$ben_password"
login 401 "$ben_email" 'correct horse of ben'
call "$ben_token" POST /api/profile/password/ 204 "$(jq -cn --arg o "$ben_password" '{old_password: $o, new_password: "a better horse"}')"

it "a text without a visible character is none"
for title in ' ' $'\u00a0' $'\u200b\u2060' $'\u3164' $'\u2800' $'\ufeff \u00ad'; do
    call "$ana_token" POST /api/jobs/create/ 400 "$(jq -c --arg t "$title" '.title = $t' <<<"$json")"
    has '.errors[0].field + ":" + .errors[0].code' title:format
done

it "a search answers, whatever the text"
pieces=('-' ' -' '- ' '-"' '"-' '-""' '!' '(' ')' '&' '|' '<->' ':*' '\' "'" ' or ' '-&' '-é' '-。' '-🙂' '-ⅷ' 'a-' '-a ' '--a' '%' '*' '/?' '-<b>')
python3 - "$HIRELOG_URL" "${pieces[@]}" >"$http_work/searches" <<'P'
import sys, urllib.parse
for path in ("jobs", "freelancers"):
    for piece in sys.argv[2:]:
        for n in (1, 33, 60):
            text = urllib.parse.quote((piece * n)[:200], safe="")
            print(f'url = "{sys.argv[1]}/api/{path}/?q={text}"\noutput = /dev/null')
P
curl -sS --max-time 120 -w '%{http_code}\n' -K "$http_work/searches" | sort | uniq -c >"$http_work/statuses"
[[ $(awk '{print $2}' "$http_work/statuses") == 200 ]] || die "searches: $(<"$http_work/statuses")"

it "words, phrases and exclusions are what they were"
word=w$$x$EPOCHSECONDS
call "$ana_token" POST /api/jobs/create/ 201 "$(jq -c --arg t "full-stack $word" '.title = $t' <<<"$json")"
post_job "$ana_token"
found() { # COUNT QUERY
    call '' GET "/api/jobs/?q=$2" 200
    [[ $(jq '.results | length' "$http_work/body") == "$1" ]]
}
until_true 30 "the search has it" found 1 "$word"
for query in "full-stack%20$word" "%22full-stack%20$word%22" "$word%20-nothing" "-%20$word" "$word%20-%22no%20phrase%22"; do
    found 1 "$query" || die "$query: $(<"$http_work/body")"
done
for query in "$word%20-full" "$word%20-%22full-stack%22" "$word%20--full"; do
    found 0 "$query" || die "$query: $(<"$http_work/body")"
done

it "a page that emptied has a way back"
person eve client
ids=()
for _ in 1 2 3 4; do
    post_job "$eve_token"
    ids=("$job_id" "${ids[@]}")
done
list="client_id=$eve_id&status=open&page_size=2"
call '' GET "/api/jobs/?$list" 200
next=$(got .next)
for id in "${ids[@]:2}"; do
    call "$eve_token" POST "/api/jobs/$id/close/" 200 '{}'
done
call '' GET "${next#"$HIRELOG_URL"}" 200
has '.results | length' 0
has .next null
previous=$(got .previous)
call '' GET "${previous#"$HIRELOG_URL"}" 200
has '[.results[].id] | join(" ")' "${ids[*]:0:2}"
next=$(got .next) previous=
for id in "${ids[@]:0:2}"; do
    call "$eve_token" POST "/api/jobs/$id/close/" 200 '{}'
done
call '' GET "${next#"$HIRELOG_URL"}" 200
previous=$(got .previous)
call '' GET "${previous#"$HIRELOG_URL"}" 200
has '.results | length' 0
has .previous null
next=$(got .next)
call '' GET "${next#"$HIRELOG_URL"}" 200
has '.results | length' 0
echo "spelling: ok"
