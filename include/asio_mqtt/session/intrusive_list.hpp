// Copyright (c) 2026 the asio-mqtt authors
// SPDX-License-Identifier: BSL-1.0

#pragma once

namespace asio_mqtt::detail {

/// Base of what stands in an intrusive_list, in at most one at a time.
class list_node {
public:
    list_node() = default;
    list_node(const list_node&) = delete;
    list_node& operator=(const list_node&) = delete;

    bool is_linked() const noexcept { return next_ != nullptr; }

    /// Takes the element out of the list in which it stands; harmless when it stands in none.
    void unlink() noexcept {
        if (!is_linked()) return;
        previous_->next_ = next_;
        next_->previous_ = previous_;
        next_ = previous_ = nullptr;
    }

private:
    friend class untyped_list;
    template <class T>
    friend class intrusive_list;
    list_node* next_ = nullptr;
    list_node* previous_ = nullptr;
};

/// What an intrusive_list is for elements of every type.
class untyped_list {
public:
    untyped_list() noexcept { close(); }
    untyped_list(const untyped_list&) = delete;
    untyped_list& operator=(const untyped_list&) = delete;

    bool empty() const noexcept { return head_.next_ == &head_; }

protected:
    static void insert_before(list_node& position, list_node& element) noexcept {
        element.next_ = &position;
        element.previous_ = position.previous_;
        position.previous_->next_ = &element;
        position.previous_ = &element;
    }
    static void splice_before(list_node& position, untyped_list& others) noexcept {
        if (others.empty()) return;
        list_node* first = others.head_.next_;
        list_node* last = others.head_.previous_;
        first->previous_ = position.previous_;
        position.previous_->next_ = first;
        last->next_ = &position;
        position.previous_ = last;
        others.close();
    }

    list_node head_;  // a ring: the end is the head

private:
    void close() noexcept { head_.next_ = head_.previous_ = &head_; }
};

/// A list whose links lie in its elements: queueing allocates nothing, and any element leaves in
/// one step. The list owns nothing: whoever takes an element out has it.
template <class T>
class intrusive_list : public untyped_list {
public:
    T& front() const noexcept { return static_cast<T&>(*head_.next_); }

    class iterator {
    public:
        explicit iterator(list_node* at) noexcept : at_{at} {}
        T& operator*() const noexcept { return static_cast<T&>(*at_); }
        iterator& operator++() noexcept {
            at_ = at_->next_;
            return *this;
        }
        bool operator==(const iterator&) const = default;

    private:
        list_node* at_;
    };
    iterator begin() noexcept { return iterator{head_.next_}; }
    iterator end() noexcept { return iterator{&head_}; }

    void push_back(T& element) noexcept { insert_before(head_, element); }

    /// Takes the first element out; the list must not be empty.
    T& pop_front() noexcept {
        T& element = front();
        element.unlink();
        return element;
    }

    /// Moves all of `others` behind the last element.
    void append(intrusive_list& others) noexcept { splice_before(head_, others); }

    /// Moves all of `others` before the first element.
    void prepend(intrusive_list& others) noexcept { splice_before(*head_.next_, others); }
};

}  // namespace asio_mqtt::detail
