#!/bin/sh
# SPDX-License-Identifier: MIT
# A real PostgreSQL on 127.0.0.1 for tests and benchmarks.
#
#   postgres.sh start DIR   start in DIR and wait until it answers; prints
#                           host:port; a DIR that was used before keeps its data
#                           and its port
#   postgres.sh ready DIR   exit 0 when it answers, 1 when it doesn't
#   postgres.sh stop DIR    SIGTERM (fast shutdown), then SIGKILL
#   postgres.sh crash DIR   pg_ctl -m immediate: no checkpoint, as a crash would
#   postgres.sh psql DIR ARGUMENT...
#
# The user is postgres, without a password; database postgres. Run as root it
# runs the server as user postgres, which must be able to reach DIR.
#
# PG_BIN  where initdb and postgres are (default: the newest of
#         /usr/lib/postgresql/*/bin)
# PG_TLS  1: a DIR that is new gets certificates in DIR/tls (needs openssl):
#         ca.crt; a server's for localhost alone; client.crt and client.key for
#         the user carl, stranger.crt and stranger.key by another authority.
#         Besides postgres, who needs nothing: sally has the password
#         "hunter2 at sea", with TLS or without; tess has the same, with TLS
#         only; carl has his certificate
set -eu

die() {
	echo "postgres.sh: $*" >&2
	exit 1
}

find_bin() {
	if [ -n "${PG_BIN:-}" ]; then
		echo "$PG_BIN"
	elif ls -d /usr/lib/postgresql/*/bin >/dev/null 2>&1; then
		# shellcheck disable=SC2012
		ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1
	else
		dirname "$(readlink -f "$(command -v initdb)")"
	fi
}

# The server refuses to be root.
as_server() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=postgres --regid=postgres --init-groups "$@"
	else
		"$@"
	fi
}

conf() {
	cat <<-X
	listen_addresses = '127.0.0.1'
	port = $2
	unix_socket_directories = ''
	shared_buffers = 64MB
	max_connections = 120
	fsync = ${PG_FSYNC:-on}
	log_min_messages = warning
	log_line_prefix = '%m %p %a '
	X
}

# authority DIR NAME
authority() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=weir $2" \
	    -keyout "$1/$2.key" -out "$1/$2.crt"
}

# certificate DIR NAME AUTHORITY COMMON-NAME: for that name alone
certificate() {
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$4" \
	    -keyout "$1/$2.key" -out "$1/$2.csr"
	printf 'subjectAltName = DNS:%s\n' "$4" >"$1/$2.ext"
	openssl x509 -req -days 2 -in "$1/$2.csr" -CA "$1/$3.crt" \
	    -CAkey "$1/$3.key" -CAcreateserial -extfile "$1/$2.ext" \
	    -out "$1/$2.crt"
}

make_tls() {
	mkdir -p "$1/tls"
	{
		authority "$1/tls" ca
		authority "$1/tls" other
		certificate "$1/tls" server ca localhost
		certificate "$1/tls" client ca carl
		certificate "$1/tls" stranger other carl
	} >"$1/tls/log" 2>&1 || { cat "$1/tls/log" >&2; die "openssl failed"; }
	# What libpq wants of a key: no one else may read it.
	chmod 600 "$1"/tls/*.key
	for f in ca.crt server.crt server.key; do
		as_server sh -c "umask 077; cat >'$1/data/$f'" <"$1/tls/$f"
	done
	{
		echo "ssl = on"
		echo "ssl_ca_file = 'ca.crt'"
	} | as_server tee -a "$1/data/postgresql.conf" >/dev/null
	as_server tee "$1/data/pg_hba.conf" >/dev/null <<-X
	host all postgres 127.0.0.1/32 trust
	host all sally 127.0.0.1/32 scram-sha-256
	hostssl all tess 127.0.0.1/32 scram-sha-256
	hostssl all carl 127.0.0.1/32 cert
	X
	as_server "$bin/postgres" --single -D "$1/data" postgres \
	    >>"$1/initdb.log" 2>&1 <<-X
	SET password_encryption = 'scram-sha-256'
	CREATE ROLE sally LOGIN PASSWORD 'hunter2 at sea'
	CREATE ROLE tess LOGIN PASSWORD 'hunter2 at sea'
	CREATE ROLE carl LOGIN
	CREATE SCHEMA AUTHORIZATION sally
	CREATE SCHEMA AUTHORIZATION tess
	CREATE SCHEMA AUTHORIZATION carl
	X
}

make_cluster() {
	mkdir -p "$1"
	if [ "$(id -u)" -eq 0 ]; then
		chmod 755 "$1"
		install -d -o postgres -g postgres -m 700 "$1/data"
		: >"$1/log"
		chown postgres "$1/log"
	fi
	as_server "$bin/initdb" -D "$1/data" -A trust -U postgres -E UTF8 \
	    --locale=C -N >"$1/initdb.log" 2>&1 ||
	    { cat "$1/initdb.log" >&2; die "initdb failed in $1/data"; }
	port=$((26000 + ($$ * 7 + $(date +%s)) % 6000))
	echo "$port" >"$1/port"
	conf "$1" "$port" | as_server tee -a "$1/data/postgresql.conf" \
	    >/dev/null
	[ -z "${PG_TLS:-}" ] || make_tls "$1"
}

alive() {
	[ -s "$1/pid" ] || return 1
	for _ in 1 2 3; do
		kill -0 "$(cat "$1/pid")" 2>/dev/null || return 1
		words=$(tr '\0' ' ' <"/proc/$(cat "$1/pid")/cmdline")
		# no words: it is between two programs, or ended
		[ -z "$words" ] || break
		sleep 0.02
	done 2>/dev/null
	case $words in
	*"$1/data"*) return ;;
	esac
	return 1
}

ready() {
	alive "$1" && "$bin/pg_isready" -q -h 127.0.0.1 -p "$(cat "$1/port")" \
	    -U postgres -t 2
}

launch() {
	if [ "$(id -u)" -eq 0 ]; then
		setsid setpriv --reuid=postgres --regid=postgres --init-groups \
		    "$bin/postgres" -D "$1/data" >>"$1/log" 2>&1 </dev/null &
	else
		setsid "$bin/postgres" -D "$1/data" >>"$1/log" 2>&1 \
		    </dev/null &
	fi
	echo $! >"$1/pid"
	# until it is no copy of this shell any more
	tick=0
	while kill -0 $! 2>/dev/null && ! alive "$1" && [ $tick -lt 50 ]; do
		tick=$((tick + 1))
		sleep 0.01
	done
}

# Another one may have the port: then the next.
start() {
	alive "$1" && die "$1 is running already"
	[ -s "$1/port" ] || make_cluster "$1"
	launch "$1"
	i=0
	until ready "$1"; do
		if ! alive "$1"; then
			tail -n 3 "$1/log" | grep -q "could not bind\|could not \
create any TCP" && [ $i -lt 300 ] || {
				tail -n 5 "$1/log" >&2
				die "it ended, see $1/log"
			}
			port=$(($(cat "$1/port") + 1))
			echo "$port" >"$1/port"
			echo "port = $port" >>"$1/data/postgresql.conf"
			launch "$1"
		fi
		i=$((i + 1))
		[ $i -lt 600 ] || { stop "$1"; die "no answer, see $1/log"; }
		sleep 0.1
	done
	echo "127.0.0.1:$(cat "$1/port")"
}

# One of QUIT (immediate) or INT (fast), then KILL after ten seconds.
end() {
	alive "$1" || { rm -f "$1/pid"; return 0; }
	pid=$(cat "$1/pid")
	kill "-$2" "$pid" 2>/dev/null || true
	i=0
	while alive "$1" && [ $i -lt 100 ]; do
		i=$((i + 1))
		sleep 0.1
	done
	alive "$1" && kill -9 "$pid"
	rm -f "$1/pid"
}

stop() {
	end "$1" INT
}

bin=$(find_bin)
[ -x "$bin/initdb" ] && [ -x "$bin/pg_isready" ] ||
    die "initdb is missing; install the package postgresql"
verb=${1:-}
case $verb in
start | ready | stop | crash | psql)
	[ $# -gt 1 ] || die "$verb needs a directory"
	mkdir -p "$2"
	dir=$(cd "$2" && pwd)
	shift 2
	;;
esac
case $verb in
start) start "$dir" ;;
ready) ready "$dir" ;;
stop) stop "$dir" ;;
crash) end "$dir" QUIT ;;
psql)
	"$bin/psql" -h 127.0.0.1 -p "$(cat "$dir/port")" -U postgres \
	    -v ON_ERROR_STOP=1 -Atq "$@"
	;;
*)
	sed -n '3,26s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
