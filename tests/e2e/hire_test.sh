#!/usr/bin/env bash
# From two registrations to a completed contract, and what nobody may do on the way.
# shellcheck disable=SC1091,SC2154
source "$(dirname "$0")/spec.sh"

it "people register, log in and see themselves"
person ana client
person ben freelancer
person cleo freelancer
call "$ana_token" GET /api/profile/ 200
has .id "$ana_id"
has .email "$ana_email"
call "$ana_token" GET "/api/profile/$ben_id/" 200
has .email null
call "$ana_token" PATCH /api/profile/ 200 '{"headline": "Builds logs"}'
has .headline 'Builds logs'

it "a posted job is there for everyone"
post_job "$ana_token"
[[ $(header Location) == */api/jobs/$job_id/ ]] || die "Location: $(header Location)"
[[ $(header ETag) == '"1"' ]] || die "ETag: $(header ETag)"
[[ $(header Hirelog-Position) == job/* ]] || die "Hirelog-Position: $(header Hirelog-Position)"
call '' GET "/api/jobs/$job_id/" 200
has .status open
has .client_id "$ana_id"
call '' GET "/api/jobs/?client_id=$ana_id" 200
has '.results | length' 1
call '' GET "/api/jobs/$job_id/" 304 '' -H 'If-None-Match: "1"'

it "only the owner edits, and only what was seen"
call "$ana_token" PATCH "/api/jobs/$job_id/" 200 '{"title": "Read a log twice"}' -H 'If-Match: "1"'
has .version 2
call "$ana_token" PATCH "/api/jobs/$job_id/" 412 '{"title": "Read a log thrice"}' -H 'If-Match: "1"'
refused version_mismatch
call "$ben_token" PATCH "/api/jobs/$job_id/" 403 '{"title": "Mine"}'
call '' PATCH "/api/jobs/$job_id/" 401 '{"title": "Mine"}'
refused unauthenticated

it "freelancers apply once; a withdrawn application may be sent again"
apply_for "$cleo_token" "$job_id"
cleo_application=$application_id
apply_for "$ben_token" "$job_id"
call "$ben_token" POST "/api/jobs/$job_id/applications/" 409 "$application"
refused already_applied
call "$ben_token" POST "/api/applications/$application_id/withdraw/" 200
has .status withdrawn
call "$ana_token" POST "/api/clients/$ana_id/hires/" 409 "{\"application_id\": \"$application_id\"}"
refused application_not_live
apply_for "$ben_token" "$job_id"
call "$ana_token" POST "/api/jobs/$job_id/applications/" 403 "$application"
call "$ana_token" GET "/api/jobs/$job_id/applications/" 200
has '.results | length' 2
call "$ben_token" GET "/api/jobs/$job_id/applications/" 403

it "hiring fills the job and declines the others"
call "$ben_token" POST "/api/clients/$ana_id/hires/" 403 "{\"application_id\": \"$application_id\"}"
hire "$ana_token" "$ana_id" "$application_id"
call '' GET "/api/jobs/$job_id/" 200
has .status filled
call "$ana_token" GET "/api/jobs/$job_id/applications/" 200
has ".results[] | select(.id == \"$cleo_application\") | .status" declined
has ".results[] | select(.id == \"$application_id\") | .status" accepted
call "$cleo_token" POST "/api/jobs/$job_id/applications/" 409 "$application"

it "its parties see the contract, the client completes it, once"
call "$cleo_token" GET "/api/contracts/$contract_id/" 403
refused not_a_party
call "$ben_token" GET /api/contracts/ 200
has '.results[0].id' "$contract_id"
call "$ben_token" POST "/api/contracts/$contract_id/complete/" 403
call "$ana_token" POST "/api/contracts/$contract_id/complete/" 200
has .status completed
call "$ana_token" POST "/api/contracts/$contract_id/complete/" 409

it "a changed password ends the other sessions; a deactivated account can't log in and keeps its e-mail"
call "$cleo_token" POST /api/profile/password/ 204 '{"old_password": "correct horse of cleo", "new_password": "a better horse of cleo"}'
call '' POST /api/login/ 401 "{\"email\": \"$cleo_email\", \"password\": \"correct horse of cleo\"}"
refused invalid_credentials
call '' POST /api/login/ 200 "{\"email\": \"$cleo_email\", \"password\": \"a better horse of cleo\"}"
cleo_token=$(got .token)
call "$cleo_token" POST /api/profile/deactivate/ 204
call "$cleo_token" GET /api/profile/ 401
call '' POST /api/login/ 401 "{\"email\": \"$cleo_email\", \"password\": \"a better horse of cleo\"}"
call '' POST /api/register/ 409 \
    "{\"email\": \"$cleo_email\", \"password\": \"one more horse\", \"display_name\": \"Cleo\", \"roles\": [\"client\"]}"
refused email_taken
call "$ana_token" POST /api/logout/ 204
call "$ana_token" GET /api/profile/ 401
