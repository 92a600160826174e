#!/bin/sh
# SPDX-License-Identifier: MIT
# A real single-node Apache Kafka (KRaft) on 127.0.0.1 for tests and benchmarks.
#
#   kafka.sh fetch             put the jars into the cache (start does it, too)
#   kafka.sh start DIR [PORT]  start in DIR and wait until it answers; a DIR that
#                              was used before keeps its data and its port
#   kafka.sh start3 DIR        a cluster of three in DIR/1, DIR/2, DIR/3, each of
#                              which start, stop and kill take as a broker
#   kafka.sh ready DIR         exit 0 when the broker answers, 1 when it doesn't
#   kafka.sh stop DIR          SIGTERM, then SIGKILL after ten seconds
#   kafka.sh kill DIR          SIGKILL, as a crash would
#   kafka.sh topic DIR NAME PARTITIONS [KEY=VALUE...]
#   kafka.sh tool DIR CLASS ARGUMENT...   one of org.apache.kafka.tools
#
# KAFKA_MORE  further listeners of `start`, words of:
#             proxy    at PORT+2, for a proxy that the test has at PORT+3
#             secure   TLS at PORT+4; TLS with PLAIN and SCRAM-SHA-256 at PORT+5,
#                      for user weir, password weir-pass; DIR/ca.pem is whom
#                      to trust
# WEIR_CACHE  where jars are kept (default ~/.cache/weir)
# KAFKA_HEAP  heap options of the broker (default -Xms128m -Xmx384m)
# KAFKA_CDS   1 (default) makes a class archive once, for a faster start
set -eu

version=4.3.1
cache=${WEIR_CACHE:-$HOME/.cache/weir}/kafka-$version
heap=${KAFKA_HEAP:--Xms128m -Xmx384m}
cluster=MkU3OEVBNTcwNTJENDM2Qg

die() {
	echo "kafka.sh: $*" >&2
	exit 1
}

need() {
	command -v "$1" >/dev/null 2>&1 ||
	    die "$1 is missing; install the package $2"
}

pom() {
	cat <<-X
	<project><modelVersion>4.0.0</modelVersion><groupId>weir</groupId>
	<artifactId>kafka-jars</artifactId><version>1</version><dependencies>
	<dependency><groupId>org.apache.kafka</groupId>
	<artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
	<dependency><groupId>org.apache.kafka</groupId>
	<artifactId>kafka-tools</artifactId><version>$version</version></dependency>
	<dependency><groupId>org.slf4j</groupId>
	<artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
	</dependencies></project>
	X
}

# The jars appear under their final name only when all of them are there.
fetch() {
	need java default-jre-headless
	[ -f "$cache/lib/.whole" ] && return
	need mvn maven
	mkdir -p "$cache"
	tmp=$(mktemp -d "$cache/fetch.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	trap 'exit 130' INT TERM HUP
	pom >"$tmp/pom.xml"
	mvn -q -B -f "$tmp/pom.xml" dependency:copy-dependencies \
	    -DoutputDirectory="$tmp/lib" -DincludeScope=runtime >"$tmp/log" 2>&1 ||
	    { tail -n 20 "$tmp/log" >&2; die "could not get Kafka $version"; }
	touch "$tmp/lib/.whole"
	mv "$tmp/lib" "$cache/lib" 2>/dev/null || [ -f "$cache/lib/.whole" ] ||
	    die "cannot put the jars into $cache/lib"
	rm -rf "$tmp"
	trap - EXIT INT TERM HUP
}

conf() {
	cat <<-X
	process.roles=broker,controller
	node.id=1
	controller.quorum.voters=1@127.0.0.1:$2
	listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$2
	advertised.listeners=PLAINTEXT://127.0.0.1:$1
	controller.listener.names=CONTROLLER
	inter.broker.listener.name=PLAINTEXT
	listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
	log.dirs=$3/data
	default.replication.factor=1
	offsets.topic.replication.factor=1
	transaction.state.log.replication.factor=1
	transaction.state.log.min.isr=1
	share.coordinator.state.topic.replication.factor=1
	share.coordinator.state.topic.min.isr=1
	offsets.topic.num.partitions=4
	transaction.state.log.num.partitions=4
	share.coordinator.state.topic.num.partitions=1
	num.partitions=4
	group.initial.rebalance.delay.ms=0
	log.retention.hours=-1
	X
}

# The same with the listeners of $KAFKA_MORE.
conf_more() {
	conf "$@" >"$3/server.properties"
	for word in ${KAFKA_MORE:-}; do
		case $word in
		proxy) listener PROXY PLAINTEXT $(($1 + 2)) $(($1 + 3)) ;;
		secure)
			certificates "$3"
			secure "$3" >>"$3/server.properties"
			listener TLS SSL $(($1 + 4)) $(($1 + 4))
			listener SASL SASL_SSL $(($1 + 5)) $(($1 + 5))
			;;
		*) die "there is no listener '$word'" ;;
		esac >"$3/sed"
		sed -i -f "$3/sed" "$3/server.properties"
	done
}

# Name, protocol, its port, and the port that clients are told.
listener() {
	cat <<-X
	s|^listeners=.*|&,$1://127.0.0.1:$3|
	s|^advertised.listeners=.*|&,$1://127.0.0.1:$4|
	s|^listener.security.protocol.map=.*|&,$1:$2|
	X
}

# A certificate for 127.0.0.1 and the one that has signed it.
certificates() {
	need openssl openssl
	[ -f "$1/keys.p12" ] && return
	(
		cd "$1"
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
		    -nodes -days 30 -subj /CN=weir-test-ca -keyout ca.key \
		    -out ca.pem
		openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
		    -nodes -subj /CN=127.0.0.1 -keyout broker.key -out broker.csr
		echo subjectAltName=IP:127.0.0.1 >san
		openssl x509 -req -in broker.csr -CA ca.pem -CAkey ca.key \
		    -CAcreateserial -days 30 -extfile san -out broker.pem
		openssl pkcs12 -export -inkey broker.key -in broker.pem \
		    -certfile ca.pem -passout pass:changeit -out keys.p12
	) >"$1/certificates.log" 2>&1 || { cat "$1/certificates.log" >&2
		die "cannot make certificates"; }
}

secure() {
	cat <<-X
	ssl.keystore.type=PKCS12
	ssl.keystore.location=$1/keys.p12
	ssl.keystore.password=changeit
	listener.name.sasl.sasl.enabled.mechanisms=SCRAM-SHA-256,PLAIN
	listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_weir="weir-pass";
	listener.name.sasl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
	X
}

# Node $3 of a cluster of three; its ports begin at $1.
conf3() {
	p=$1 d=$2 n=$3
	conf $((p + n)) $((p + 10 + n)) "$d" | sed "
	    s/^node.id=.*/node.id=$n/
	    s/^\(controller.quorum.voters\)=.*/\1=1@127.0.0.1:$((p + 11)),2@127.0.0.1:$((p + 12)),3@127.0.0.1:$((p + 13))/
	    s/replication.factor=1/replication.factor=3/
	    s/min.isr=1/min.isr=2/
	    s/^num.partitions=.*/num.partitions=3/"
	echo min.insync.replicas=2
	echo broker.session.timeout.ms=6000
}

# Ports below the range that the kernel hands out by itself; whether they are
# free shows when the broker binds them.
ports() {
	port=${1:-}
	if [ -z "$port" ]; then
		port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 1500 * 8))
	fi
	control=$((port + 1))
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
	*"$1/server"*) return ;;
	esac
	return 1
}

# Does this process listen on the port?  Another's broker may answer there.
listens() {
	for inode in $(awk -v at="$(printf ':%04X' "$2")" '$4 == "0A" &&
	    substr($2, length($2) - 4) == at { print $10 }' \
	    /proc/net/tcp /proc/net/tcp6 2>/dev/null); do
		for fd in "/proc/$1/fd"/*; do
			[ "$(readlink "$fd")" = "socket:[$inode]" ] && return
		done
	done
	return 1
}

ready() {
	alive "$1" && listens "$(cat "$1/pid")" "$(cat "$1/port")" || return 1
	if command -v kcat >/dev/null 2>&1; then
		kcat -b "127.0.0.1:$(cat "$1/port")" -L -m 2 >/dev/null 2>&1
	else
		tool "$1" TopicCommand --list >/dev/null 2>&1
	fi
}

launch() {
	cds=
	jsa=$cache/kafka.jsa
	if [ "${KAFKA_CDS:-1}" = 1 ]; then
		[ -f "$jsa" ] && cds="-XX:SharedArchiveFile=$jsa"
		[ -n "${dump:-}" ] && cds="-XX:ArchiveClassesAtExit=$dump"
	fi
	# shellcheck disable=SC2086
	setsid "$java" $heap -XX:+UseSerialGC -XX:TieredStopAtLevel="${TIER:-1}" \
	    $cds -Xlog:cds=off -Xlog:cds+dynamic=off \
	    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
	    -cp "$cache/lib/*" kafka.Kafka "$1/server.properties" \
	    >>"$1/log" 2>&1 </dev/null &
	echo $! >"$1/pid"
	# until it is no copy of this shell any more
	tick=0
	while kill -0 $! 2>/dev/null && ! alive "$1" && [ $tick -lt 50 ]; do
		tick=$((tick + 1))
		sleep 0.01
	done
}

wait_ready() {
	i=0
	until ready "$1"; do
		alive "$1" || return 1
		i=$((i + 1))
		[ $i -lt 600 ] || return 1
		sleep 0.1
	done
}

prepare() {
	mkdir -p "$1"
	[ -s "$1/port" ] || { ports "${2:-}"; echo "$port" >"$1/port"; }
	ports "$(cat "$1/port")"
	[ -f "$1/cluster" ] ||
	    conf_more "$port" "$control" "$1"
	[ -f "$1/data/meta.properties" ] && return
	user=
	case " ${KAFKA_MORE:-} " in
	*" secure "*)
		user='--add-scram SCRAM-SHA-256=[name=weir,password=weir-pass]' ;;
	esac
	# shellcheck disable=SC2086
	"$java" -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
	    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$cache/lib/*" \
	    kafka.tools.StorageTool format -t $cluster $user \
	    -c "$1/server.properties" >"$1/format.log" 2>&1 ||
	    { cat "$1/format.log" >&2; die "cannot format $1/data"; }
}

# A new directory whose port is left to us gets another one when that is taken;
# one that was used keeps it, for those who know it.
up() {
	chosen=${2:-$(cat "$1/port" 2>/dev/null || true)}
	tries=0
	while :; do
		prepare "$1" "${2:-}"
		[ ! -f "$1/log" ] || mv "$1/log" "$1/log.before"
		launch "$1"
		wait_ready "$1" && return
		stop "$1"
		tries=$((tries + 1))
		[ $tries -lt 8 ] || break
		grep -q 'BindException\|Address already in use' "$1/log" ||
		    break
		if [ -z "$chosen" ]; then
			rm -f "$1/port"
		else
			sleep 0.5
		fi
	done
	tail -n 5 "$1/log" >&2
	return 1
}

# A class archive halves the start; it is made once, by a broker of its own.
archive() {
	[ "${KAFKA_CDS:-1}" = 1 ] && [ ! -f "$cache/kafka.jsa" ] || return 0
	own=$(mktemp -d "$cache/cds.XXXXXX")
	dump=$own/kafka.jsa
	up "$own" || true
	dump=
	stop "$own" 40
	[ -f "$own/kafka.jsa" ] && mv "$own/kafka.jsa" "$cache/kafka.jsa"
	rm -rf "$own"
}

start() {
	fetch
	alive "$1" && die "$1 is running already"
	archive
	up "$1" "${2:-}" || die "no answer, see $1/log"
	echo "127.0.0.1:$(cat "$1/port")"
}

start3() {
	fetch
	[ -e "$1/1/port" ] && die "$1 is a cluster already: start its nodes"
	archive
	tries=0
	while :; do
		base=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 600 * 20))
		for n in 1 2 3; do
			mkdir -p "$1/$n"
			echo $((base + n)) >"$1/$n/port"
			echo $base >"$1/$n/cluster"
			conf3 $base "$1/$n" $n >"$1/$n/server.properties"
			prepare "$1/$n" &
		done
		wait
		for n in 1 2 3; do launch "$1/$n"; done
		wait_ready "$1/1" && wait_ready "$1/2" && wait_ready "$1/3" &&
		    break
		for n in 1 2 3; do stop "$1/$n" 0; done
		tries=$((tries + 1))
		[ $tries -lt 5 ] || die "no answer, see the logs in $1"
	done
	echo "127.0.0.1:$((base + 1)),127.0.0.1:$((base + 2)),127.0.0.1:$((base + 3))"
}

stop() {
	alive "$1" || { rm -f "$1/pid"; return 0; }
	pid=$(cat "$1/pid")
	kill "$pid" 2>/dev/null || true
	i=0
	while alive "$1" && [ $i -lt $((${2:-10} * 10)) ]; do
		i=$((i + 1))
		sleep 0.1
	done
	alive "$1" && kill -9 "$pid"
	rm -f "$1/pid"
}

crash() {
	alive "$1" || die "$1 is not running"
	pid=$(cat "$1/pid")
	kill -9 "$pid"
	while alive "$1"; do sleep 0.05; done
	rm -f "$1/pid"
}

# A command-line tool of Kafka's, by its class.
tool() {
	dir=$1 class=$2
	shift 2
	"$java" -Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
	    -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "$cache/lib/*" \
	    "org.apache.kafka.tools.$class" \
	    --bootstrap-server "127.0.0.1:$(cat "$dir/port")" "$@"
}

topic() {
	dir=$1 name=$2 parts=$3
	shift 3
	extra=
	for kv; do extra="$extra --config $kv"; done
	# shellcheck disable=SC2086
	tool "$dir" TopicCommand --create --topic "$name" --partitions "$parts" \
	    --replication-factor "$([ -f "$dir/cluster" ] && echo 3 || echo 1)" $extra
}

java=${JAVA:-java}
verb=${1:-}
[ $# -gt 0 ] && shift
case $verb in
start | start3 | ready | stop | kill | topic | tool)
	[ $# -gt 0 ] || die "$verb needs a directory"
	mkdir -p "$1"
	dir=$(cd "$1" && pwd)
	shift
	;;
esac
case $verb in
fetch) fetch ;;
start) start "$dir" "${1:-}" ;;
start3) start3 "$dir" ;;
ready) ready "$dir" ;;
stop) stop "$dir" ;;
kill) crash "$dir" ;;
topic) topic "$dir" "$@" ;;
tool) tool "$dir" "$@" ;;
*)
	sed -n '3,24s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
