// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

#include <asio_mqtt/client_options.hpp>
#include <asio_mqtt/detail/let_cancel.hpp>
#include <asio_mqtt/detail/mailbox.hpp>
#include <asio_mqtt/detail/make_client.hpp>
#include <asio_mqtt/detail/make_packet.hpp>
#include <asio_mqtt/detail/message_handler.hpp>
#include <asio_mqtt/detail/operation.hpp>
#include <asio_mqtt/detail/request.hpp>
#include <asio_mqtt/detail/transport_over.hpp>
#include <asio_mqtt/message.hpp>
#include <asio_mqtt/operation_options.hpp>
#include <asio_mqtt/payload.hpp>
#include <asio_mqtt/protocol/errc.hpp>
#include <asio_mqtt/session/counters.hpp>
#include <asio_mqtt/transport/tcp_connector.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/async_result.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <concepts>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace asio_mqtt {

/// An MQTT client, 3.1.1 or 5.0, that stays connected by itself.
///
/// `Connector` makes the streams that it talks over (see tcp_connector); `Timer` is an Asio timer,
/// another one for tests with a clock of their own.
///
/// **Threads.** All functions may be called from any thread, unless client_options::single_threaded
/// is set. Operations that one thread starts begin in that order.
///
/// **Completion.** Every operation takes a completion token: a callback, asio::use_future,
/// asio::use_awaitable, asio::detached, ... Its handler is called exactly once, never from within
/// the function that started it, on its associated executor, or on the client's executor when it
/// has none. Operations may be started before async_run() and without a connection: they wait for
/// one.
///
/// **The end.** When async_run() ends, all that is pending ends with it: with
/// asio::error::operation_aborted after async_disconnect() or the client's destruction, else with
/// the error of async_run(). The client may be destroyed at any time, also in one of its handlers:
/// pending operations end with operation_aborted.
///
/// **Cancellation.** An operation's cancellation slot touches that operation alone, unless it is
/// async_run(): it ends with operation_aborted. `total` cancels a publish, subscribe or unsubscribe
/// only while it was not sent, `partial` and `terminal` always; a packet that was sent stays so,
/// its identifier is taken until the broker has answered.
///
/// **Errors** are of these kinds, compare them with mqtt::fault: errc (the call was wrong, or the
/// broker does not allow it, or the protocol or the network failed), reason_code (the broker
/// refused), decode_errc (the broker sent garbage), and those of Asio and the system for the
/// network. Where there is no memory for it, an operation throws std::bad_alloc when it is started,
/// or completes with asio::error::no_memory.
template <class Connector, class Timer = asio::steady_timer>
class basic_client {
public:
    using executor_type = asio::any_io_executor;
    using connector_type = Connector;

    /// A client that is not connected: see async_run(). Options are checked there.
    basic_client(const asio::any_io_executor& executor, client_options options, Connector connector)
        : client_{make(executor, std::move(options), std::move(connector))} {}

    /// With a connector that needs no more than an executor.
    basic_client(const asio::any_io_executor& executor, client_options options) requires
        std::constructible_from<Connector, asio::any_io_executor>
        : client_{make(executor, std::move(options))} {}

    /// On the executor of an execution context, such as asio::io_context.
    template <class ExecutionContext>
    requires std::constructible_from<Connector, asio::any_io_executor> &&
        requires(ExecutionContext& context) {
        context.get_executor();
    }
    basic_client(ExecutionContext& context, client_options options)
        : client_{make(detail::executor_of(context), std::move(options))} {}

    basic_client(basic_client&&) noexcept = default;
    basic_client& operator=(basic_client&& other) noexcept {
        std::swap(client_, other.client_);
        return *this;
    }
    ~basic_client() {
        if (client_ != nullptr) client_->destroy_later();
    }

    /// On which the handlers run that have no executor of their own.
    executor_type get_executor() const noexcept { return client_->executor(); }

    /// Connects, and stays connected: a connection that fails or is lost is made again after a
    /// while, with the next broker of the list, and the session is resumed.
    ///
    /// Completes with `void(error_code)` when that ends:
    ///  - success after async_disconnect();
    ///  - a reason_code when the broker refused in a way that another try cannot heal, such as
    ///    bad_user_name_or_password or not_authorized, or gave the session to another client with
    ///    the same client id (session_taken_over);
    ///  - errc::already_running; the errors from errc::invalid_broker_address to
    ///    errc::invalid_will, and what may be wrong with the fields of CONNECT, for the options;
    ///  - any error for which client_options::reconnect_policy has said not to try again;
    ///  - asio::error::operation_aborted when it was cancelled (all types), which closes the
    ///    connection without DISCONNECT, or the client destroyed.
    template <class CompletionToken>
    auto async_run(CompletionToken&& token) {
        return initiate<void>(kind::run, std::forward<CompletionToken>(token), without_packet);
    }

    /// Publishes a message (3.3). Completes with `void(error_code, publish_result)`: at QoS 0 when
    /// it was handed to a write of the stream, at QoS 1 when the broker has acknowledged it, at QoS
    /// 2 when the handshake is complete. Messages are sent in the order in which they were
    /// published.
    ///
    /// Errors: errc::invalid_topic_name (of the response topic, too), invalid_qos, and of a
    /// property invalid_utf8, string_too_long, invalid_property_value; invalid_operation_timeout,
    /// packet_too_large, not_in_this_version (a property on 3.1.1), qos_not_supported,
    /// retain_not_supported, queue_full: nothing is sent then, and with message_dropped and
    /// message_expired nothing was, unless the message waited to be sent again, since the broker
    /// had lost the session. session_lost and operation_timeout, where the options say so. A
    /// reason_code when the broker refuses it (5.0), errc::acknowledged_at_qos_1 when it takes QoS
    /// 2 for QoS 1. Those of the end, see above.
    template <class CompletionToken>
    auto async_publish(std::string_view topic, payload content, const publish_options& options,
                       CompletionToken&& token) {
        return initiate<publish_result>(
            kind::publish, std::forward<CompletionToken>(token),
            detail::publish_request{client_->version(), topic, content, options});
    }

    template <class CompletionToken>
    auto async_publish(std::string_view topic, payload content, asio_mqtt::qos qos,
                       CompletionToken&& token) {
        return async_publish(topic, std::move(content), publish_options{.qos = qos},
                             std::forward<CompletionToken>(token));
    }

    /// Subscribes to a filter, and gives its messages to `handler`, which is called as
    /// `handler(const message_view&)` on its associated executor. Completes with
    /// `void(error_code, subscribe_result)` when the broker has answered; messages may come before
    /// that.
    ///
    /// A message is acknowledged when the handler has returned. A handler with a second parameter,
    /// `handler(const message_view&, manual_acknowledgement)`, acknowledges by hand instead; one
    /// that is a coroutine needs a coroutine_handler. The same filter again replaces its handler.
    /// When the broker loses the session, the subscription is made again. Filters that
    /// overlap each get their copy in 5.0; in 3.1.1 a broker that sends a copy for each filter
    /// leads to as many calls of each handler. A filter that begins with `$share/` has to be a
    /// shared one in both versions (4.8.2).
    ///
    /// Errors: errc::invalid_topic_filter, invalid_qos, and of a user property invalid_utf8 and
    /// string_too_long; invalid_operation_timeout, packet_too_large, not_in_this_version,
    /// no_local_on_shared, wildcard_not_supported, shared_subscription_not_supported: nothing is
    /// sent then. operation_timeout. A reason_code when the broker refuses the filter,
    /// errc::malformed_answer when it breaks the protocol. Those of the end, see above.
    template <class MessageHandler, class CompletionToken>
    auto async_subscribe(std::string_view filter, const subscribe_options& options,
                         MessageHandler&& handler, CompletionToken&& token) {
        const topic_subscription only = to_subscription(filter, options);
        return subscribe({&only, 1}, options.user_properties, options.timeout,
                         erase(std::forward<MessageHandler>(handler)),
                         std::forward<CompletionToken>(token));
    }

    template <class MessageHandler, class CompletionToken>
    auto async_subscribe(std::string_view filter, asio_mqtt::qos qos, MessageHandler&& handler,
                         CompletionToken&& token) {
        return async_subscribe(filter, subscribe_options{.qos = qos},
                               std::forward<MessageHandler>(handler),
                               std::forward<CompletionToken>(token));
    }

    /// Subscribes to a filter whose messages are for async_receive(). Otherwise as above.
    template <class CompletionToken>
    auto async_subscribe(std::string_view filter, const subscribe_options& options,
                         CompletionToken&& token) {
        const topic_subscription only = to_subscription(filter, options);
        return subscribe({&only, 1}, options.user_properties, options.timeout, nullptr,
                         std::forward<CompletionToken>(token));
    }

    template <class CompletionToken>
    auto async_subscribe(std::string_view filter, asio_mqtt::qos qos, CompletionToken&& token) {
        return async_subscribe(filter, subscribe_options{.qos = qos},
                               std::forward<CompletionToken>(token));
    }

    /// Subscribes to several filters at once, with one handler. The result has a reason code for
    /// each. errc::empty_list when there is none. Otherwise as above.
    ///
    /// A message to which several of them match is a message for each to some brokers, Mosquitto
    /// among them (3.3.4): the handler is called for each.
    template <class MessageHandler, class CompletionToken>
    auto async_subscribe(const std::vector<subscription>& filters, MessageHandler&& handler,
                         CompletionToken&& token) {
        return subscribe(filters, {}, no_timeout, erase(std::forward<MessageHandler>(handler)),
                         std::forward<CompletionToken>(token));
    }

    /// Subscribes to several filters whose messages are for async_receive().
    template <class CompletionToken>
    auto async_subscribe(const std::vector<subscription>& filters, CompletionToken&& token) {
        return subscribe(filters, {}, no_timeout, nullptr, std::forward<CompletionToken>(token));
    }

    /// Ends a subscription. Completes with `void(error_code, unsubscribe_result)` when the broker
    /// has answered; a filter that was not subscribed is a success with
    /// reason_code::no_subscription_existed (5.0).
    ///
    /// Errors: errc::invalid_topic_filter, of a user property invalid_utf8 and string_too_long,
    /// invalid_operation_timeout, packet_too_large, not_in_this_version: nothing is sent then.
    /// operation_timeout. A reason_code when the broker refuses, errc::malformed_answer when it
    /// breaks the protocol. Those of the end, see above.
    template <class CompletionToken>
    auto async_unsubscribe(std::string_view filter, const unsubscribe_options& options,
                           CompletionToken&& token) {
        detail::packet_request request{options.timeout};
        request.packet =
            detail::make_unsubscribe(client_->version(), filter, options, request.error);
        return initiate<unsubscribe_result>(kind::unsubscribe, std::forward<CompletionToken>(token),
                                            std::move(request));
    }

    template <class CompletionToken>
    auto async_unsubscribe(std::string_view filter, CompletionToken&& token) {
        return async_unsubscribe(filter, unsubscribe_options{},
                                 std::forward<CompletionToken>(token));
    }

    /// Receives the next message of the subscriptions without a handler. Completes with
    /// `void(error_code, message)`.
    ///
    /// Once it was called, messages that belong to no subscription of this client are received,
    /// too: call it before async_run() to get those of a session that an earlier client has left
    /// (3.1.1). Before that, such messages are acknowledged and dropped.
    ///
    /// The message is acknowledged when it is handed over. Messages that nobody receives wait, up
    /// to client_options::receive_buffer_size; beyond it nothing more is read from the broker.
    ///
    /// Errors: those of the end, see above.
    template <class CompletionToken>
    auto async_receive(CompletionToken&& token) {
        return async_receive(no_timeout, std::forward<CompletionToken>(token));
    }

    /// Gives up after a while, with errc::operation_timeout; errc::invalid_operation_timeout when
    /// that is negative.
    template <class CompletionToken>
    auto async_receive(std::chrono::milliseconds timeout, CompletionToken&& token) {
        return initiate<message>(kind::receive, std::forward<CompletionToken>(token),
                                 detail::plain_request{timeout});
    }

    /// Completes with `void(error_code)` when at least half of the queue of messages that wait to
    /// be sent is free (client_options::queue_size): at once if it is. To publish as fast as the
    /// broker takes it, and no faster, wait for that before each message.
    ///
    /// Errors: those of the end, see above.
    template <class CompletionToken>
    auto async_wait_for_room(CompletionToken&& token) {
        return initiate<void>(kind::wait_for_room, std::forward<CompletionToken>(token),
                              without_packet);
    }

    /// Completes with `void(error_code, counters)` at once, also when the client does not run: with
    /// success, unless the client is destroyed before.
    template <class CompletionToken>
    auto async_counters(CompletionToken&& token) {
        return initiate<counters>(kind::count, std::forward<CompletionToken>(token),
                                  without_packet);
    }

    /// To be called when there is reason to doubt the connection, or to hope for one: the machine
    /// has woken up, the network has changed. While the client waits for its next attempt, that
    /// begins at once. When it is connected, the broker is asked with a PINGREQ whether it is still
    /// there, and has client_options::ping_response_timeout to answer.
    void check_connection() { client_->check_connection(); }

    /// Ends async_run(): waits for publishes, subscribes and unsubscribes that are pending, up to
    /// client_options::disconnect_timeout, then sends DISCONNECT as the last packet and closes
    /// (3.14). Without a connection it ends at once.
    ///
    /// Completes with `void(error_code)`: with success, also when it was not running; with
    /// operation_aborted when it was cancelled, while disconnecting goes on, or the client
    /// destroyed before it had begun.
    template <class CompletionToken>
    auto async_disconnect(CompletionToken&& token) {
        return initiate<void>(kind::disconnect, std::forward<CompletionToken>(token),
                              without_packet);
    }

private:
    using kind = detail::operation::kind;
    static constexpr std::chrono::milliseconds no_timeout{0};
    static constexpr detail::plain_request without_packet{no_timeout};

    static std::shared_ptr<detail::mailbox> make(const asio::any_io_executor& executor,
                                                 client_options&& options, Connector&& connector) {
        const bool single_threaded = options.single_threaded;
        return detail::make_client(executor, std::move(options),
                                   detail::make_transport<Connector, Timer>(
                                       executor, single_threaded, std::move(connector)));
    }

    static std::shared_ptr<detail::mailbox> make(const asio::any_io_executor& executor,
                                                 client_options&& options) requires
        std::constructible_from<Connector, asio::any_io_executor> {
        return make(executor, std::move(options), Connector{executor});
    }

    static topic_subscription to_subscription(std::string_view filter,
                                              const subscribe_options& options) {
        return {filter, options.qos, options.no_local, options.retain_as_published,
                options.retain_handling};
    }

    template <class MessageHandler>
    static std::shared_ptr<void> erase(MessageHandler&& handler) {
        using erased = detail::bound_message_handler<std::decay_t<MessageHandler>>;
        return std::shared_ptr<detail::message_handler>{
            new erased{std::forward<MessageHandler>(handler)}};
    }

    template <class CompletionToken>
    auto subscribe(list_view<topic_subscription> filters, user_property_list user_properties,
                   std::chrono::milliseconds timeout, std::shared_ptr<void> handler,
                   CompletionToken&& token) {
        detail::packet_request request{timeout};
        request.packet = detail::make_subscribe(client_->version(), filters, user_properties,
                                                std::move(handler), request.error);
        return initiate<subscribe_result>(kind::subscribe, std::forward<CompletionToken>(token),
                                          std::move(request));
    }

    /// Where the type of the completion handler is left behind.
    template <class Result>
    struct initiation {
        kind what;

        template <class Handler, class Client, class Request>
        void operator()(Handler&& handler, Client&& given_client, Request&& request) const {
            // A coroutine keeps the arguments while it waits, and moves them in here; the client
            // keeps the coroutine. What is moved from keeps nothing. A callback is called with a
            // reference to the client's own pointer.
            Client client = std::forward<Client>(given_client);
            auto slot = asio::get_associated_cancellation_slot(handler);
            if (slot.is_connected()) request.keep();
            using operation = detail::handler_operation<std::decay_t<Handler>, Result>;
            detail::operation_ptr started{
                operation::make(what, std::forward<Handler>(handler), client->executor())};
            if (request.timeout != no_timeout) {
                if (request.timeout < no_timeout) started->error = errc::invalid_operation_timeout;
                started->due = detail::after(detail::now_of<Timer>(), request.timeout);
            }
            if (slot.is_connected()) detail::let_cancel(*started, slot, client);
            request.submit(*client, *started);
            static_cast<void>(started.release());  // the client has it
        }
    };

    /// `token` is passed on as it was given: an lvalue is copied, and not moved from.
    template <class Result, class CompletionToken, class Request>
    auto initiate(kind what, CompletionToken&& token, Request&& request) {
        return asio::async_initiate<CompletionToken,
                                    typename detail::operation_with<Result>::signature>(
            initiation<Result>{what}, token, client_, std::forward<Request>(request));
    }

    std::shared_ptr<detail::mailbox> client_;
};

/// A client over TCP.
using client = basic_client<tcp_connector>;

}  // namespace asio_mqtt

#ifdef ASIO_MQTT_SEPARATE_COMPILATION
extern template std::unique_ptr<asio_mqtt::detail::transport>
asio_mqtt::detail::make_transport<asio_mqtt::tcp_connector, asio::steady_timer>(
    const asio::any_io_executor&, bool, asio_mqtt::tcp_connector&&);
#else
#include <asio_mqtt/detail/definitions.hpp>
#endif
