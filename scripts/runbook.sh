# What the runbooks have in common; each reads it from beside itself or, installed, from share/slipway.
# shellcheck shell=sh disable=SC2034 # what the runbooks use
# A runbook has its own help() and says step by step what a deploy is; each step is one command.

usage() {
	help | sed 1q >&2
	exit 2
}

# begin [WORD...]: the command line, and the lease. Sets app and force.
begin() {
	force='' detach='' by='' app=''
	while [ $# -gt 0 ]; do
		case $1 in
		--force) force=--force ;;
		--detach) detach=--detach ;;
		--by) [ $# -gt 1 ] || usage; by=$2; shift ;;
		-h | --help) help; exit ;;
		--) ;;
		-*) usage ;;
		*) [ -z "$app" ] || usage; app=$1 ;;
		esac
		shift
	done
	[ -n "$app" ] || usage

	# The lease is held by the parent: it outlives this script, and settles whatever this script leaves undone.
	if [ -z "${DEPLOY_ID:-}" ]; then
		exec deploy-state run --app "$app" ${by:+--by "$by"} $detach -- "$0" $force "$app"
	fi

	# A deploy of one application inside that of another would act on the other: any tool refuses that.
	deploy-state show --app "$app" --field generation >/dev/null || exit

	# A signal ends the step in hand, and each one that would follow; what is to be done then is decided here.
	signal=''
	trap 'signal=130' INT
	trap 'signal=143' TERM
	trap 'signal=129' HUP
}

# step PHASE -- TOOL…: one step of the deploy; report is what it reported.
step() {
	[ -z "$signal" ] || set -- "$1" -- sh -c "exit $signal"
	report=$(deploy-state step "$@") && return
	code=$?
	# One that was killed leaves no report, and is a failure like any other.
	[ -n "$report" ] || report="{\"tool\":\"$3\",\"ok\":false,\"exit\":$code}"
	return $code
}

# meant_for KIND: each kind of application has a runbook of its own, by its file, else by how it was deployed before.
meant_for() {
	kind=$(deploy-state show --field state.kind) || give_up $? 'the state cannot be read'
	[ -z "${RELEASE_STAGE_SOURCE:-}${RELEASE_STAGE_GIT:-}" ] || kind=release
	[ -z "${RELEASE_STAGE_COMPOSE:-}" ] || kind=compose
	[ -z "${RELEASE_STAGE_IN_PLACE:-}" ] || kind=in-place
	[ "$kind" != "$1" ] || return 0
	own=deploy-$kind
	[ "$kind" != release ] || own=deploy
	echo "${0##*/}: this application has another runbook: $own ${force:+$force }$app" >&2
	give_up 2 "this application is deployed by $own"
}

# nothing_new: the build step made no release, for what is wanted is live and was validated. With its service up that is all there
# is to do; else the deploy goes on with that one, and the service is started anew.
nothing_new() {
	release=$(deploy-state show --field state.liveRelease) || give_up $? 'the state cannot be read'
	if [ -n "${DEPLOY_SERVICE:-}" ] && [ "$(service-start --dry-run --field changed)" != false ]; then
		return
	fi
	echo "${0##*/}: nothing to do: $release is live" >&2
	deploy-state end aborted --nothing-new --why "nothing to do: $release is live" >/dev/null
	exit 0
}

# give_up CODE WHY: before anything that serves was touched.
give_up() {
	code=$1
	deploy-state end aborted --why "$2" >/dev/null
	exit "$code"
}

# Whatever failed has its reason in its report; the old release is brought back, or started again.
roll_back() {
	printf '%s\n' "$report" | deploy-state step validating -- rollback --on-failure - >/dev/null
	code=$?
	[ $code -eq 75 ] || exit $code
	# The lease is gone where the service's own start has led back already: then the old release has to be seen well. Where the
	# application itself has said that it is well, that is the end of it.
	printf '%s\n' "$report" | rollback --on-failure - | deploy-state record >/dev/null
	exit
}

# not_well CODE: a new release that runs and is not well may be kept live, where the application's file says so.
not_well() {
	case ${DEPLOY_KEEP_FAILED:-no}:$1 in
	yes:1 | yes:124) ;;
	yes:* | no:*) roll_back ;;
	*) echo "${0##*/}: DEPLOY_KEEP_FAILED is yes or no, not $DEPLOY_KEEP_FAILED" >&2; roll_back ;;
	esac
	deploy-state end failed --why 'the new release is not well and is kept live, as configured' >/dev/null
	exit 1
}

# Where there is something to drain by. What is still in flight at the end of its time is cut, and the report says what that was.
drain() {
	[ -n "${DRAIN_WAIT_URL:-}${DRAIN_WAIT_FILE:-}${DRAIN_WAIT_IN_FLIGHT_COMMAND:-}${DRAIN_WAIT_CONNECTIONS:-}${DRAIN_WAIT_HAPROXY:-}" ] || return 0
	step drain -- drain-wait && return
	code=$?
	case $force:$code in
	*:124 | --force:1 | --force:3) ;;
	*) give_up $code 'the service could not be drained' ;;
	esac
}

# The new release serves: what pruning cannot remove is no reason to call the deploy failed. The deploy has ended, so this
# is no step of it.
succeed() {
	deploy-state end succeeded >/dev/null || exit
	(unset DEPLOY_ID && release-prune >/dev/null) || :
	exit 0
}
