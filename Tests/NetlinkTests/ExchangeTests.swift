import LinuxSystem
import Netlink
import Testing

@Suite struct ExchangeTests {
    /// Three requests, and what the kernel says to them.
    private let requests = [change, change, question]
    private let messages = [acknowledgement(1), acknowledgement(2, code: -19), link(3, 7), acknowledgement(3)]

    private func checkAll(_ outcome: Outcome, _ comment: Comment) {
        #expect(outcome.failure == nil, comment)
        #expect(outcome.isComplete, comment)
        #expect(outcome.results.count == 3, comment)
        guard outcome.results.count == 3 else { return }
        #expect(outcome.results[0].marks == [], comment)
        #expect(outcome.results[1].error?.errno?.code == 19, comment)
        #expect(outcome.results[2].marks == [7], comment)
    }

    @Test("Requests go as one datagram, numbered in their order") func requestsGoOneDatagram() throws {
        let exchange = NetlinkExchange(requests[...], firstSequence: 41)
        let sent = try NetlinkMessage.parse(exchange.datagram[...])
        #expect(sent.map(\.sequence) == [41, 42, 43])
        #expect(sent.map(\.type) == [16, 16, 18])
        #expect(sent.map(\.flags) == [5, 5, 5])
        #expect(sent.map(\.portID) == [0, 0, 0])
    }

    @Test("A request of odd length is padded so that the next one is aligned")
    func requestOddLengthPadded() throws {
        let odd = NetlinkRequest(type: 16, payload: [1, 2, 3], operation: "", object: "")
        let exchange = NetlinkExchange([odd, change], firstSequence: 1)
        #expect(exchange.datagram.count == 20 + 16)
        #expect(try NetlinkMessage.parse(exchange.datagram[...]).map(\.payload.count) == [3, 0])
    }

    @Test("Answers mean the same however they are split into datagrams")
    func answersMeanSameHowever() {
        for cuts in 0..<(1 << (messages.count - 1)) {
            var datagrams: [[UInt8]] = [[]]
            for (offset, message) in messages.enumerated() {
                datagrams[datagrams.count - 1] += message
                if offset < messages.count - 1, cuts & 1 << offset != 0 { datagrams.append([]) }
            }
            checkAll(exchange(requests, datagrams), "cuts \(cuts)")
        }
    }

    @Test("Answers of different requests may come in any order") func answersDifferentRequestsMay() {
        for order in [[0, 1, 2, 3], [1, 0, 2, 3], [2, 1, 0, 3], [2, 3, 1, 0], [1, 2, 3, 0], [2, 0, 3, 1]] {
            checkAll(exchange(requests, [order.flatMap { messages[$0] }]), "order \(order)")
        }
    }

    @Test("Sequence numbers wrap around") func sequenceNumbersWrapAround() {
        let outcome = exchange(
            [change, change], firstSequence: .max, [acknowledgement(0, code: -1) + acknowledgement(.max)])
        #expect(outcome.results.map(\.error?.errno?.code) == [nil, 1])
        #expect(outcome.isComplete)
    }

    @Test("Messages of other exchanges are passed over") func messagesOtherExchangesPassed() {
        let strangers = [
            acknowledgement(0), acknowledgement(2, code: -1), done(.max), link(99, 1), message(4, sequence: 5),
        ]
        let outcome = exchange([change], firstSequence: 1, strangers)
        #expect(outcome.results.isEmpty)
        #expect(!outcome.isComplete)
        #expect(outcome.failure == nil)
        #expect(exchange([change], strangers + [acknowledgement(1)]).results.map(\.marks) == [[]])
    }

    @Test("A second acknowledgement of the same request changes nothing")
    func secondAcknowledgementSameRequest() {
        let outcome = exchange(
            [change, change], [acknowledgement(1) + acknowledgement(1, code: -1)])
        #expect(outcome.results.map(\.marks) == [[]])
        #expect(!outcome.isComplete)
        let late = exchange([question], [link(1, 7) + acknowledgement(1) + link(1, 8)])
        #expect(late.results.map(\.marks) == [[7]])
    }

    @Test("A dump's messages come in many datagrams and end with DONE") func dumpMessagesComeMany() {
        let parts = [link(1, 1, flags: 2) + link(1, 2, flags: 2), link(1, 3, flags: 2), done(1)]
        #expect(!exchange([dump], Array(parts.dropLast())).isComplete)
        #expect(exchange([dump], parts).results.map(\.marks) == [[1, 2, 3]])
    }

    @Test("DONE without a code, as old kernels send it, is no error") func doneWithoutCodeOld() {
        #expect(exchange([dump], [message(3, flags: 2, sequence: 1)]).results.map(\.marks) == [[]])
    }

    @Test("A dump that was interrupted is no success, wherever the kernel says so", arguments: [0, 1, 2])
    func dumpWasInterruptedNo(place: Int) {
        let flags = (0..<3).map { UInt16($0 == place ? 0x12 : 2) }
        let outcome = exchange(
            [dump], [link(1, 1, flags: flags[0]) + link(1, 2, flags: flags[1]), done(1, flags: flags[2])])
        #expect(outcome.isComplete)
        #expect(outcome.results.map(\.error?.code) == [.interrupted])
        #expect(
            outcome.results.first?.error?.description
                == "can't list the interfaces: the answer kept changing while it was read")
    }

    @Test("An interrupted dump that failed reports the failure") func interruptedDumpFailedReports() {
        #expect(exchange([dump], [done(1, code: -12, flags: 0x12)]).results.map(\.error?.errno?.code) == [12])
    }

    @Test("NOOP is nothing, and OVERRUN means that answers were lost") func noopNothingOverrunMeans() {
        #expect(exchange([change], [message(1, sequence: 1) + acknowledgement(1)]).results.map(\.marks) == [[]])
        let lost = exchange([change], [message(4, sequence: 1)])
        #expect(lost.failure?.code == .overflow)
        #expect(lost.results.isEmpty)
    }

    @Test("An empty datagram is no answer") func emptyDatagramNoAnswer() {
        #expect(exchange([change], [[]]) == Outcome())
    }
}
