# What every guest script starts with: `check NAME COMMAND…`, and the verdict at the end.
failures=0

# Runs a command quietly; its output is shown if it fails.
check() {
	check_name=$1
	shift
	if check_output=$("$@" 2>&1); then
		echo "ok $check_name"
	else
		echo "not ok $check_name: status $?: $check_output"
		failures=$((failures + 1))
	fi
}

# The opposite: the command must fail.
check_fails() {
	check_name=$1
	shift
	if check_output=$("$@" 2>&1); then
		echo "not ok $check_name: succeeded: $check_output"
		failures=$((failures + 1))
	else
		echo "ok $check_name"
	fi
}

# equal NAME WANTED GOT
equal() {
	if [ "$2" = "$3" ]; then
		echo "ok $1"
	else
		echo "not ok $1: wanted '$2', got '$3'"
		failures=$((failures + 1))
	fi
}

finish() {
	if [ "$failures" = 0 ]; then
		echo "suite PASSED"
	else
		echo "suite FAILED"
	fi
	exit 0
}
