// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/client_options.hpp>
#include <asio_mqtt/detail/ask_for_credentials.hpp>
#include <asio_mqtt/detail/check_options.hpp>
#include <asio_mqtt/detail/connect_packet.hpp>
#include <asio_mqtt/detail/context_registry.hpp>
#include <asio_mqtt/detail/exception_guard.hpp>
#include <asio_mqtt/detail/inbox.hpp>
#include <asio_mqtt/detail/last_words.hpp>
#include <asio_mqtt/detail/mailbox.hpp>
#include <asio_mqtt/detail/open_stream.hpp>
#include <asio_mqtt/detail/operation.hpp>
#include <asio_mqtt/detail/option_settings.hpp>
#include <asio_mqtt/detail/pending_operations.hpp>
#include <asio_mqtt/detail/submission.hpp>
#include <asio_mqtt/detail/transport.hpp>
#include <asio_mqtt/detail/turn_limit.hpp>
#include <asio_mqtt/detail/wake_up_timer.hpp>
#include <asio_mqtt/session/reconnect.hpp>
#include <asio_mqtt/session/session.hpp>
#include <asio_mqtt/transport/broker_address.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <utility>

namespace asio_mqtt::detail {

/// What a client is behind its public face: one session, at most one stream at a time, one timer.
/// It is an actor: whoever puts something into its empty mailbox has it processed. So everything
/// but the mailbox runs in one thread at a time, without a strand, which would cost more than all
/// that is done here for a small packet. It decides nothing about the protocol: the session does;
/// nor when and where it connects: reconnect does.
///
///            async_run                    stream               session over          written
///   stopped ----------> asking, connecting -----> connected ----------------> closing ------+
///      ^                     ^    | failed            | lost                                |
///      |                     |    v                   v      reads and writes done          v
///      |   not again, or     +- waiting <---------------------------------------------- ending
///      +-- stopping ------------------------------------------------------------------/
class client_core final : public mailbox, public context_member {
public:
    client_core(const asio::any_io_executor& executor, client_options&& options,
                std::unique_ptr<transport> transport)
        : mailbox{executor, options.version, options.single_threaded},
          context_member{executor},
          options_{std::move(options)},
          session_{to_session_settings(options_)},
          pending_{this->executor(), session_},
          inbox_{session_, pending_, options_.receive_buffer_size, options_.maximum_packet_size},
          reconnect_{to_reconnect_settings(options_)},
          transport_{std::move(transport)},
          stream_{*transport_},
          timer_{*transport_} {}

    ~client_core() { dispose_submitted(); }

    void context_ends() override {
        const auto alive = shared();  // a handler may be the last that keeps it
        dispose_submitted();
        pending_.dispose_all();
        dispose_submitted();  // what was destroyed may have submitted more
    }

    // In the thread that takes, with nothing to be taken before: see session::publish_at_once().
    [[gnu::always_inline]] bool publish_at_once(const publish_content& message,
                                                operation& started) {
        return session_.publish_at_once(message, &started);
    }
    bool publish_at_once(outbound_publish_ptr& message, operation& started) {
        outbound_publish& packet = *message;
        if (!session_.publish_at_once(message, &started)) return false;
        pending_.begin_sent(started, packet);
        return true;
    }

    void post_process() override {
        submitted_.leave();
        asio::post(when(io_event::posted));
    }

private:
    /// For what is left to say on a connection that has failed, and for the broker to close it.
    static constexpr std::chrono::seconds closing_time{1};

    using event_kind = connection_event::kind;
    enum class state { stopped, waiting, asking, connecting, connected, closing, ending };

    time_point now() const { return transport_->now(); }
    bool is_connected() const noexcept {
        return state_ == state::connected || state_ == state::closing;
    }

    // --- Operations

    void take(submission& submitted, time_point at) {
        if (!is_operation(submitted)) return take_news(submitted);
        auto& started = static_cast<operation&>(submitted);
        const bool has_begun = pending_.begin(started);
        if (is_destroyed()) return pending_.complete(started, asio::error::operation_aborted);
        if (started.error != errc{}) return pending_.complete(started, started.error);
        if (!has_begun) return pending_.complete(started, asio::error::no_memory);
        if (started.what == submission::kind::publish) return pending_.publish(started, at);
        start(started);
    }

    void take_news(submission& submitted) {
        if (is_io_result(submitted)) return finish(static_cast<io_result&>(submitted));
        const std::unique_ptr<notice> news{static_cast<notice*>(&submitted)};
        switch (news->what) {
            case submission::kind::cancel:
                if (*news->to_cancel != nullptr) cancel(**news->to_cancel, news->only_unsent);
                return;
            case submission::kind::acknowledge: return inbox_.released(*news);
            case submission::kind::credentials: return credentials_given(*news);
            case submission::kind::connected: return connect_ended(*news);
            case submission::kind::check_connection: return probe();
            default: return stop(asio::error::operation_aborted);
        }
    }

    void start(operation& started) {
        switch (started.what) {
            case submission::kind::run: return start_run(started);
            case submission::kind::receive: return inbox_.receive(started);
            case submission::kind::wait_for_room: return pending_.waiters.push_back(started);
            case submission::kind::count: return count(started);
            case submission::kind::disconnect: return start_disconnect(started);
            default: return pending_.request(started);
        }
    }

    void dispose_submitted() { submitted_.take_all(dispose); }

    void cancel(operation& cancelled, bool only_unsent) {
        if (&cancelled == run_) return stop(asio::error::operation_aborted);
        pending_.cancel(cancelled, only_unsent);
    }

    /// async_counters()
    void count(operation& asked) {
        counters counted = session_.counters();
        inbox_.count(counted);
        pending_.complete(asked, error_code{}, std::move(counted));
    }

    // --- The connection

    void start_run(operation& submitted) {
        if (run_ != nullptr) return pending_.complete(submitted, errc::already_running);
        run_ = &submitted;
        pending_.runs.push_back(submitted);
        const error_code wrong =
            unless_memory_runs_out([this] { return check_options(options_, transport_->takes()); });
        if (wrong) return stopped(wrong);
        reconnect_.start();
        attempt();
    }

    /// One more try to connect.
    void attempt() {
        ++attempt_count_;
        deadline_ = now();  // if anything throws in what follows, the attempt is over
        state_ = state::asking;
        reconnect_.attempt_begins();
        tell({.what = event_kind::connecting});
        if (is_destroyed()) return;
        if (!options_.ask_for_credentials) {
            credentials_ = {options_.user_name, options_.password};
            return connect();
        }
        options_.ask_for_credentials(answer_to(shared(), attempt_count_));
        deadline_ = after(now(), options_.connect_timeout);
    }

    void credentials_given(notice& answer) {
        if (state_ != state::asking || answer.attempt != attempt_count_) return;
        if (answer.error) return disconnected(answer.error);
        credentials_ = std::move(answer.given);
        connect();
    }

    void connect() {
        state_ = state::connecting;
        deadline_ = after(now(), options_.connect_timeout);
        broker_address broker;
        if (parse_broker_address(reconnect_.broker(), broker)) {
            // Those of the options were checked: it is one to which a broker has sent us.
            return disconnected(asio::error::host_not_found);
        }
        broker.round = reconnect_.round();
        transport_->connect(broker, attempt_count_, shared());
    }

    void connect_ended(notice& result) {
        // Of an attempt that was given up nothing is wanted: the stream closes with the notice.
        if (result.attempt != attempt_count_) return;
        transport_->connect_ended();
        if (result.error) return disconnected(result.error);
        stream_.open(std::move(result.stream));
        state_ = state::connected;
        deadline_ = never;
        is_lost_ = false;
        is_answered_ = false;
        can_read_ = true;
        session_.use_version(reconnect_.version());
        if (reconnect_.is_at_another_broker()) session_.change_broker();
        const connect_packet packet =
            to_connect_packet(options_, reconnect_.version(), credentials_);
        if (const error_code wrong = session_.connect(packet, now())) end(wrong);
    }

    void connected(const connack_packet& connack) {
        is_answered_ = true;
        reconnect_.accepted(now());
        tell({.what = event_kind::connected, .connack = &connack});
    }

    /// The session is over: what it has to say is still written.
    void close(const session_event& event) {
        is_answered_ = true;
        if (state_ != state::connected) return;
        said_ = last_words::of(event);
        begin_closing(event.error);
        is_lost_ = event.disconnect != nullptr;  // what is written now it does not read
    }

    void begin_closing(error_code error) {
        state_ = state::closing;
        end_error_ = error;
        reconnect_.failed(now());
        deadline_ = now() + closing_time;
    }

    /// All is written. A socket that is closed with unread bytes in it resets the connection, and
    /// the peer may never see the DISCONNECT: so the other side is waited for, where one direction
    /// can be ended alone.
    void finish_closing() { stream_.shut_down_output() ? read() : end(end_error_); }

    /// Gives up the stream, which must outlive what is pending on it: see end_stream().
    void end(error_code error) {
        state_ = state::ending;
        end_error_ = error;
        reconnect_.failed(now());
        deadline_ = never;
        stream_.close();
        end_stream();
    }

    void end_stream() {
        if (!stream_.is_idle()) return;
        stream_.take_away();
        pending_.disconnected();
        disconnected(end_error_, is_lost_ && !is_answered_);
    }

    /// There is no stream: what comes next? `is_unanswered`: the broker ended it without a word.
    void disconnected(error_code error, bool is_unanswered = false) {
        ++attempt_count_;
        const last_words said = std::exchange(said_, {});
        if (is_stopping_) return stopped(stop_error_);
        const protocol_version version = reconnect_.version();
        reconnect_plan plan = reconnect_.ended(error, said.server_reference, is_unanswered, now());
        state_ = state::waiting;
        deadline_ = after(now(), plan.delay);
        if (options_.reconnect_policy && !is_destroyed()) options_.reconnect_policy(plan);
        if (!plan.try_again) return stopped(error, said.reason_string);
        deadline_ = after(now(), plan.delay);
        tell({.what = event_kind::disconnected,
              .version = version,
              .attempt = plan.attempt,
              .error = error,
              .reason_string = said.reason_string,
              .delay = plan.delay});
    }

    /// Ends async_run() as soon as there is no stream any more.
    void stop(error_code error) {
        is_stopping_ = true;
        stop_error_ = error;
        switch (state_) {
            case state::connected:
            case state::closing: return end(error);
            case state::ending: return;
            case state::connecting: transport_->give_up_connect(); [[fallthrough]];
            default: ++attempt_count_; return stopped(error);
        }
    }

    /// There is nothing more to do: async_run() ends, and with it all that is pending.
    void stopped(error_code error, std::string_view reason_string = {}) {
        state_ = state::stopped;
        is_stopping_ = true;
        stop_error_ = error;
        deadline_ = never;
        timer_.cancel();
        if (run_ != nullptr) {
            tell({.what = event_kind::stopped, .error = error, .reason_string = reason_string});
        }
        end_operations();
    }

    /// async_run() and async_disconnect() are the last to complete. May be called again when a
    /// handler threw.
    void end_operations() {
        const error_code error = stop_error_;
        const error_code cause = error ? error : error_code{asio::error::operation_aborted};
        pending_.abort_all(cause);
        run_ = nullptr;
        is_disconnecting_ = false;
        while (!pending_.runs.empty()) {
            operation& last = pending_.runs.front();
            pending_.complete(last, last.what == submission::kind::run ? error : error_code{});
        }
        is_stopping_ = false;
    }

    void start_disconnect(operation& disconnect) {
        if (run_ == nullptr) return pending_.complete(disconnect, {});
        pending_.runs.push_back(disconnect);
        if (!is_disconnecting_) drain_deadline_ = after(now(), options_.disconnect_timeout);
        is_disconnecting_ = true;
        if (state_ == state::closing) {
            is_stopping_ = true;  // what is left is still written
            stop_error_ = {};
        } else if (!session_.is_online()) {
            stop({});
        }
    }

    /// Sends DISCONNECT when all that async_disconnect() waits for is done, or has had its time.
    void disconnect_when_drained() {
        if (!is_disconnecting_ || state_ != state::connected) return;
        if (!pending_.is_drained() && now() < drain_deadline_) return;
        is_stopping_ = true;
        stop_error_ = {};
        if (!is_lost_) session_.disconnect({}, now());  // else nothing is written any more
        begin_closing({});
        deadline_ = std::max(deadline_, drain_deadline_);
    }

    /// The caller has reason to doubt the connection, or to hope for one.
    void probe() {
        if (state_ == state::waiting) return attempt();
        if (state_ == state::connected) session_.probe(now());
    }

    /// Tells the application, unless it has destroyed the client.
    void tell(connection_event event) const {
        if (!options_.on_connection || is_destroyed()) return;
        event.broker = reconnect_.broker();
        if (event.version == protocol_version{}) event.version = reconnect_.version();
        if (event.attempt == 0) event.attempt = reconnect_.attempt();
        options_.on_connection(event);
    }

    // --- Events

    /// Does all that can be done now; to be called after every event. What the handlers start that
    /// it calls is only submitted, or written to the output, and ends later.
    void process() {
        if (state_ == state::stopped && is_stopping_) end_operations();
        take_submitted();
        state_ == state::ending ? end_stream() : handle_events();  // once more, if it threw
        bool goes_on = take_what_follows();
        disconnect_when_drained();
        if (is_connected()) {
            if (!is_lost_) write();
            handle_events();  // QoS 0 completes when its write has begun
            if ((!is_lost_ && write()) || pending_.has_room_for_waiter()) goes_on = true;
            if (is_lost_) {
                end(end_error_);
            } else if (state_ == state::closing && !stream_.is_writing()) {
                finish_closing();
            } else {
                stream_.acknowledge_at_once();
                read();
            }
        }
        schedule();
        // Last of all: who posts owns the mailbox, and another thread may process from then on.
        if (goes_on || !submitted_.done()) process_later();
    }

    time_point take_submitted() {
        const time_point at = now();
        submitted_.take_all([this, at](submission& each) { take(each, at); });
        return at;
    }

    /// What handlers have started leaves with the same write, and what that starts in turn, as in a
    /// loop that waits for room. It must not hold up others: true when there is more.
    bool take_what_follows() {
        for (turn_limit limit;;) {
            const bool has_room = !is_destroyed() && pending_.has_room_for_waiter();
            if (!has_room && submitted_.is_empty_here()) return false;
            if (has_room) pending_.complete_waiter();
            if (limit.is_reached(take_submitted())) return true;
        }
    }

    void handle_events() {
        pending_.complete_written();
        for (;;) {
            // Without room for messages nothing more is taken in, but what was sent still
            // completes. An operation whose answer may stand behind such messages must not wait
            // for an application that waits for the operation.
            const bool has_room =
                inbox_.has_room() || (!pending_.is_drained() && inbox_.has_reserve());
            session_event event = session_.next_event(has_room);
            switch (event.what) {
                case session_event::kind::need_data: can_read_ = has_room; return;
                case session_event::kind::paused: can_read_ = false; return;
                case session_event::kind::connected: connected(*event.connack); break;
                case session_event::kind::message: inbox_.deliver(event, *this); break;
                case session_event::kind::completed: pending_.complete(event); break;
                case session_event::kind::subscription_lost:
                    tell({.what = event_kind::subscription_lost,
                          .error = event.error,
                          .filter = event.filter});
                    break;
                case session_event::kind::closed: close(event); break;
            }
        }
    }

    // --- Reading, writing, time

    void read() {
        if (stream_.is_reading() || !can_read_) return;
        stream_.read(session_.prepare_read(), when(io_event::read));
    }

    void read_ended(error_code error, std::size_t size) {
        stream_.read_ended(size);
        if (size != 0 && state_ != state::ending) session_.received(size, now());
        transferred(error);
    }

    /// True when one has begun.
    bool write() {
        if (stream_.is_writing()) return false;
        const auto pieces = session_.start_write(now());
        if (!pieces.empty()) begin_write([&] { stream_.write(pieces, when(io_event::written)); });
        return !pieces.empty();
    }

    void write_ended(error_code error, std::size_t size) {
        if (size != 0) session_.write_got_on(now());
        if (stream_.has_rest_behind(size) && !error && state_ != state::ending) {
            return begin_write([this] { stream_.write_rest(when(io_event::written)); });
        }
        finish_write(error);
    }
    void finish_write(error_code error) {
        stream_.write_ended();
        session_.finish_write();
        transferred(error);
    }

    /// For want of memory, a write may not even begin: then the connection is lost.
    void begin_write(const auto& begin) {
        try {
            begin();
        } catch (...) {
            finish_write(asio::error::no_memory);
            throw;
        }
    }

    /// A read or a write has ended.
    void transferred(error_code error) {
        if (state_ == state::ending) {
            end_stream();
        } else if (error) {
            // What came before is handled first: it may say why.
            is_lost_ = true;
            if (state_ == state::connected) {
                end_error_ = error == asio::error::eof ? errc::connection_closed : error;
            }
        }
    }

    /// Keeps the timer set for what is due first.
    void schedule() {
        time_point due = std::min({deadline_, session_.deadline(), pending_.due()});
        if (is_disconnecting_ && !is_stopping_) due = std::min(due, drain_deadline_);
        timer_.set(due, *this);
    }

    void expired() {
        const time_point at = now();
        session_.expired(at);
        pending_.expire(at);
        if (state_ != state::connected && is_disconnecting_ && !is_stopping_ &&
            at >= drain_deadline_) {
            return stop({});  // the connection was lost while it drained
        }
        if (at < deadline_) return;
        switch (state_) {  // each sets another deadline, unless it throws
            case state::waiting: return attempt();
            case state::asking: return disconnected(errc::connect_timeout);
            case state::connecting:
                transport_->give_up_connect();
                return disconnected(errc::connect_timeout);
            case state::closing: return end(end_error_);
            default: deadline_ = never; return;
        }
    }

    // --- What Asio calls back, in any thread

    void io_ended(io_event what, error_code error, std::size_t size) override {
        switch (what) {
            case io_event::read: return arrive(read_, error, size);
            case io_event::written: return arrive(written_, error, size);
            case io_event::timer:
                // An earlier time may have come nevertheless when it was set anew.
                if (!error && !is_timer_told_.exchange(true)) arrive(expired_, {}, 0);
                return;
            default: return run();
        }
    }
    /// What has happened is taken here and now, unless another thread is at it.
    void arrive(io_result& result, error_code error, std::size_t size) {
        result.error = error;
        result.size = size;
        if (submitted_.push(result)) run();
    }

    void run() {
        const exception_guard guard{*this};
        submitted_.enter();
        try {
            process();
        } catch (const std::bad_alloc&) {
            // What there was no memory for is made good by the session, on another connection.
            if (is_connected()) end(asio::error::no_memory);
            throw;
        }
    }

    void finish(io_result& result) {
        switch (result.what) {
            case submission::kind::read: return read_ended(result.error, result.size);
            case submission::kind::written: return write_ended(result.error, result.size);
            default:
                is_timer_told_ = false;
                timer_.fired();
                return expired();
        }
    }

    const client_options options_;
    session session_;

    // What is put into the mailbox time and again.
    io_result read_{submission::kind::read};
    io_result written_{submission::kind::written};
    io_result expired_{submission::kind::timer};
    std::atomic<bool> is_timer_told_ = false;  // expired_ is among them

    // Operations.
    pending_operations pending_;
    inbox inbox_;
    operation* run_ = nullptr;
    bool is_disconnecting_ = false;
    bool is_stopping_ = false;
    error_code stop_error_;
    time_point drain_deadline_ = never;

    // The connection.
    reconnect reconnect_;
    state state_ = state::stopped;
    std::uint64_t attempt_count_ = 0;
    credentials credentials_;
    const std::unique_ptr<transport> transport_;
    open_stream stream_;
    error_code end_error_;
    last_words said_;  // by the broker, with it
    bool can_read_ = false;
    bool is_lost_ = false;      // a read or write has failed
    bool is_answered_ = false;  // the broker has accepted, or said why it does not
    wake_up_timer timer_;
    time_point deadline_ = never;  // of the present state
};

}  // namespace asio_mqtt::detail
