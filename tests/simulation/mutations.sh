#!/usr/bin/env bash
# Copyright (c) 2026 the asio-mqtt authors
# SPDX-License-Identifier: BSL-1.0

# Does the simulation notice a session that is wrong? Builds it once, against a copy of the headers that makes any of
# these mistakes when it is told to, and fails if one of them comes through.
# Usage: mutations.sh SOURCE_DIR BUILD_DIR CXX [FLAG]...
set -euo pipefail
source=$1
build=$2
shift 2
compile=("$@")
seeds=20000

rm -rf "$build"
mkdir -p "$build/include"
cp -r "$source/include/." "$build/include"
cat >"$build/mistake.hpp" <<'EOF'
#include <cstdlib>
inline const int mistake = std::atoi(std::getenv("MISTAKE"));
EOF
names=(none)

# mutation NAME FILE OLD NEW: replaces a text that stands in the file exactly once. MISTAKE in NEW is true when this
# mistake is to be made.
mutation() {
    local name=$1 file=$build/include/asio_mqtt/$2 old=$3 new=$4
    local text without
    text=$(<"$file")
    without=${text/"$old"/}
    if [ "$without" = "$text" ] || [[ $without == *"$old"* ]]; then
        echo "$name: this must stand in $2 once: $old"
        exit 1
    fi
    new=${new//MISTAKE/(mistake == ${#names[@]})}
    printf '%s\n' "${text/"$old"/"$new"}" >"$file"
    names+=("$name")
}

mutation no_duplicate_filter session/inbound.hpp \
    'if (known != nullptr) {
            if (!came' 'if (known != nullptr && !MISTAKE) {
            if (!came'
mutation identifiers_forgotten_on_disconnect session/inbound.hpp \
    'connection_start_ = first_number_;' 'connection_start_ = first_number_; if (MISTAKE) qos_2_.clear();'
mutation no_dup_on_resend session/outbound.hpp \
    'publish.write(version, true, output);' 'publish.write(version, !MISTAKE, output);'
mutation pubrel_forgotten session/outbound.hpp \
    'resends_.append(released_);' 'resends_.append(MISTAKE ? sent_ : released_);'
mutation resent_out_of_order session/outbound.hpp \
    'resends_.append(sent_);' \
    'if (MISTAKE) for (intrusive_list<outbound_packet> one; !sent_.empty(); resends_.prepend(one)) one.push_back(sent_.pop_front());
            else resends_.append(sent_);'
mutation nothing_resent session/outbound.hpp \
    'resends_.append(sent_);' 'if (!MISTAKE) resends_.append(sent_);'
mutation quota_leaked session/outbound.hpp \
    'if (publish->uses_quota) --quota_used_;' \
    'if (publish->uses_quota && !(MISTAKE && publish->qos == qos::exactly_once)) --quota_used_;'
mutation over_the_receive_maximum session/outbound.hpp \
    'if (quota_used_ >= limits_.receive_maximum) return false;  // [MQTT-3.3.4-7]' \
    'if (quota_used_ >= limits_.receive_maximum && !MISTAKE) return false;'
mutation identifier_freed_when_cancelled session/outbound.hpp \
    'packet.abandoned = true;' \
    'packet.abandoned = true; if (MISTAKE && packet.packet_id != 0) in_flight_.erase(packet.packet_id);'
mutation publish_instead_of_pubrel session/outbound.hpp \
    'publish->progress = outbound_publish::state::released;' \
    'if (!MISTAKE) publish->progress = outbound_publish::state::released;'
mutation dup_on_first_sending session/outbound.hpp \
    'publish.write(version, false, output);' 'publish.write(version, MISTAKE, output);'
mutation too_much_in_flight session/outbound.hpp \
    'return bytes <= in_flight_limit_ ||' 'return MISTAKE || bytes <= in_flight_limit_ ||'
mutation queue_without_end session/publish_queue.hpp \
    'return bytes_ + bytes <= limit_;' 'return MISTAKE || bytes_ + bytes <= limit_;'
mutation received_without_end detail/client_core.hpp \
    'inbox_.has_room() || (' 'inbox_.has_room() || MISTAKE || ('
mutation acknowledged_too_early session/inbound.hpp \
    'arrived(packet.packet_id, is_qos_2, false)' 'arrived(packet.packet_id, is_qos_2, MISTAKE)'
mutation another_one_acknowledged session/inbound.hpp \
    'take_over(token.number);' 'take_over(MISTAKE ? first_number_ : token.number);'
mutation acknowledged_on_a_later_connection session/inbound.hpp \
    'first_number_ += arrivals_.size();' 'if (!MISTAKE) first_number_ += arrivals_.size();'
mutation not_subscribed_again session/session.hpp \
    'if (!session_present || !is_certain) {' 'if (!MISTAKE && (!session_present || !is_certain)) {'
mutation handlers_of_old_subscriptions session/known_topics.hpp \
    'places_.reset();' 'if (!MISTAKE) places_.reset();'
mutation unsubscribed_filter_made_again session/subscriptions.hpp \
    'erase_if(filter, [&](const entry& each) { return each.owner->number < number; });
    }

    /// The handler of each group' 'if (!MISTAKE) erase_if(filter, [&](const entry& each) { return each.owner->number < number; });
    }

    /// The handler of each group'
mutation limits_of_the_first_connection_kept session/session.hpp \
    'limits_ = asio_mqtt::limits::from(settings_, properties);' \
    'if (!MISTAKE || counters_.connections == 0) limits_ = asio_mqtt::limits::from(settings_, properties);'
mutation resent_over_the_limits session/outbound.hpp \
    'if (const errc error = check(publish, version); error != errc{}) {
            finish(' 'if (const errc error = check(publish, version); error != errc{} && !MISTAKE) {
            finish('
mutation server_keep_alive_ignored session/session.hpp \
    'keep_alive_.start(properties.server_keep_alive,' \
    'keep_alive_.start(MISTAKE ? std::nullopt : properties.server_keep_alive,'
mutation expiry_not_decremented session/outbound_publish.hpp \
    'static_cast<std::uint32_t>(left > 0 ? left : 1)' \
    'MISTAKE ? rare_->expiry_interval : static_cast<std::uint32_t>(left > 0 ? left : 1)'
mutation resent_after_session_loss session/outbound.hpp \
    'publish.abandoned || on_session_loss_ == session_loss::fail' \
    'publish.abandoned || (on_session_loss_ == session_loss::fail && !MISTAKE)'
mutation lost_with_the_session session/outbound.hpp \
    'publishes_.prepend(publishes);' 'if (!MISTAKE) publishes_.prepend(publishes);'
mutation unstored_messages_forgotten session/outbound.hpp \
    'publishes_.prepend(waiting);' 'if (!MISTAKE) publishes_.prepend(waiting);'
mutation queue_overtaken session/outbound.hpp \
    'message.qos != qos::at_most_once || something_waits()' \
    'message.qos != qos::at_most_once || (!MISTAKE && something_waits())'
mutation queue_overtaken_by_handshakes session/outbound.hpp \
    '!publish.is_plain() || something_waits()' \
    '!publish.is_plain() || (!MISTAKE && something_waits())'
mutation mailbox_overtaken detail/submission_queue.hpp \
    'own_.empty() && collected_.empty()' '(MISTAKE || (own_.empty() && collected_.empty()))'
mutation given_up_message_forgotten session/inbound.hpp \
    'known->abandoned = !known->taken_over;' 'known->abandoned = !known->taken_over && !MISTAKE;'
mutation garbage_ignored session/session.hpp \
    'fail(decoded.error, to_reason_code(decoded.error));' \
    'if (!MISTAKE) fail(decoded.error, to_reason_code(decoded.error));'
mutation stopped_by_an_exception detail/exception_guard.hpp \
    'if (std::uncaught_exceptions() != before_)' 'if (!MISTAKE && std::uncaught_exceptions() != before_)'
mutation written_for_another_version session/outbound_publish.hpp \
    'if (version == version_) {' 'if (version == version_ || MISTAKE) {'
mutation backoff_never_grows session/reconnect.hpp \
    'limit_ = may_double' 'if (!MISTAKE) limit_ = may_double'
mutation redirect_not_followed session/reconnect.hpp \
    'if (reference.empty() ||' 'if (MISTAKE || reference.empty() ||'
mutation room_for_nothing session/session.hpp \
    'outbound_.queue().bytes() <= settings_.queue_size / 2;' \
    'outbound_.queue().bytes() <= (MISTAKE ? settings_.queue_size : settings_.queue_size / 2);'

"${compile[@]}" -include "$build/mistake.hpp" -I"$build/include" -I"$source/tests" \
    "$source/tests/simulation/simulate.cpp" -o "$build/simulate"

# makes NUMBER SEEDS: runs it with that mistake. Some of them grow without end.
makes() {
    (ulimit -v 1000000 && MISTAKE=$1 timeout 300 "$build/simulate" --seeds "$2") >"$build/log" 2>&1
}
makes 0 200 || { cat "$build/log"; exit 1; }
missed=()
for number in "${!names[@]}"; do
    [ "$number" -gt 0 ] || continue
    name=${names[number]}
    status=0
    makes "$number" $seeds || status=$?
    if [ $status -eq 0 ] || [ $status -eq 124 ]; then
        missed+=("$name")
        echo "NOT NOTICED $name (status $status; 124: not in time)"
    else
        echo "noticed     $name: $(head -n 1 "$build/log" | cut -c 1-100)"
    fi
done

# The documentation lists them all.
diff <(printf '%s\n' "${names[@]:1}" | sort) \
    <(sed -n 's/^| `\([a-z_]*\)` .*/\1/p' "$source/docs/simulation.md" | sort)

if [ ${#missed[@]} -gt 0 ]; then
    echo "not noticed: ${missed[*]}"
    exit 1
fi
