#!/bin/sh
# Runs a command, and posts how it ended:
#
#     TIDINGS_TOKEN=… examples/tell-when-done.sh make release
#
# TIDINGS_URL is the site (http://127.0.0.1:8080 if it is not set), TIDINGS_TOKEN a token that may post. TIDINGS_TO, if it is set, says for whom the
# post is: names, separated by commas. Whoever names themselves needs no second account to be told. The exit status is that of the command.
set -u

[ $# -gt 0 ] || { echo "Usage: $0 COMMAND [ARGUMENT …]" >&2; exit 64; }
: "${TIDINGS_TOKEN:?is the token to post with}"

begun=$(date +%s)
"$@"
status=$?
seconds=$(($(date +%s) - begun))

# Not longer than a post can be, and without what a page cannot show.
command=$(printf '%s' "$*" | tr -d '\000-\037\177' | cut -c 1-100)
if [ "$status" -eq 0 ]; then how="is done"; else how="failed with status $status"; fi

# The token is read from standard input, because everybody on this machine can see arguments. With the key, a try that is repeated after a lost
# answer is still one post.
printf 'header = "Authorization: Bearer %s"\n' "$TIDINGS_TOKEN" |
  curl --silent --show-error --fail --output /dev/null --max-time 20 --retry 5 --config - \
    --header "Idempotency-Key: $(uname -n)-$$-$begun" \
    --data-urlencode "text=$command $how after $seconds s" \
    ${TIDINGS_TO:+--data-urlencode "to=$TIDINGS_TO"} \
    "${TIDINGS_URL:-http://127.0.0.1:8080}/api/posts" || echo "$0: nobody was told" >&2

exit "$status"
