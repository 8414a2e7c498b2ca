import LinuxSystem
import Netlink
import RandomNumbers
import Testing

/// Bytes that no kernel sends.
@Suite struct HostileAnswerTests {
    @Test(
        "A message's length under its header's, or over what there is, is refused",
        arguments: [0, 1, 15, 40, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff] as [UInt32])
    func messageLengthUnderHeader(length: UInt32) {
        let bad = message(2, sequence: 1, payload: [0, 0, 0, 0], length: length)
        let alone = exchange([change], [bad])
        #expect(alone.failure?.code == .malformed)
        #expect(alone.failure?.description.contains("\(length) bytes; 20 are there") == true)
        #expect(alone.results.isEmpty)
        // Behind a good one, the whole datagram is suspect.
        let behind = exchange([change], [acknowledgement(1) + bad])
        #expect(behind.failure?.code == .malformed)
    }

    @Test("A datagram cut at any byte is refused or waited on, never taken for an answer")
    func datagramCutAtAny() {
        let whole = link(1, 7) + acknowledgement(1, code: -19)
        for count in 1..<whole.count {
            let outcome = exchange([question], [Array(whole.prefix(count))])
            #expect(outcome.results.isEmpty, "cut at \(count)")
            #expect(outcome.failure?.code == (count == 20 ? nil : .malformed), "cut at \(count)")
        }
    }

    @Test("Captured answers cut at any byte are refused") func capturedAnswersCutAt() {
        for answer in [KernelAnswers.offsetUncapped, KernelAnswers.missingAttribute, KernelAnswers.doneWithError] {
            let sequence = UInt32(answer[8])
            for count in 1..<answer.count {
                let outcome = exchange([change], firstSequence: sequence, [Array(answer.prefix(count))])
                #expect(outcome.failure?.code == .malformed)
                #expect(outcome.results.isEmpty)
            }
        }
    }

    @Test("An acknowledgement too short for its code is refused") func acknowledgementTooShortFor() {
        for count in 0..<4 {
            let short = message(2, sequence: 1, payload: Array(repeating: 0, count: count))
            #expect(exchange([change], [short]).failure?.code == .malformed)
        }
    }

    @Test("An acknowledgement may say that the request was longer than it is")
    func acknowledgementMaySayRequest() {
        for length in [0, 15, 17, 1000, 0xffff_ffff] as [UInt32] {
            var writer = PayloadWriter()
            writer.append(Int32(-22))
            writer.append(message(16, sequence: 1, length: length))
            writer.attribute(1, string: "words")
            let error = exchange([change], [message(2, flags: 0x200, sequence: 1, payload: writer.bytes)])
                .results.first?.error
            #expect(error?.errno == .invalid)
            #expect(error?.kernelMessage == (length < 17 ? "words" : nil))
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: 0..<20)
    func `random damage never traps, never spins, and never makes a success out of nothing`(seed: UInt64) {
        var numbers = SeededNumbers(seed)
        let transcripts: [(requests: [NetlinkRequest], sequence: UInt32, bytes: [UInt8])] = [
            (
                [change, change, question], 1,
                acknowledgement(1, code: -1) + acknowledgement(2) + link(3, 7) + acknowledgement(3)
            ),
            ([dump], 1, link(1, 1, flags: 2) + link(1, 2, flags: 2) + done(1)),
            ([change], 10, KernelAnswers.offsetUncapped), ([change], 9, KernelAnswers.exclusiveCapped),
            ([change], 17, KernelAnswers.missingAttribute), ([dump], 13, KernelAnswers.doneWithError),
            ([dump], 11, KernelAnswers.chains + KernelAnswers.chainsDone),
        ]
        for _ in 0..<400 {
            guard let (requests, sequence, original) = transcripts.randomElement(using: &numbers) else { return }
            let datagrams = split(damaged(original, &numbers), &numbers)
            let outcome = exchange(requests, firstSequence: sequence, datagrams)
            for error in outcome.results.compactMap(\.error) { #expect(error.description.hasPrefix("can't ")) }
            let successes = outcome.results.count { $0.reply != nil }
            #expect(successes <= grounds(for: sequence..<(sequence + UInt32(requests.count)), in: datagrams).count)
            #expect(outcome.results.count <= requests.count)
        }
    }

    private func damaged(_ bytes: [UInt8], _ numbers: inout SeededNumbers) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &numbers) where !bytes.isEmpty {
            let place = Int.random(in: 0..<bytes.count, using: &numbers)
            switch Int.random(in: 0..<5, using: &numbers) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &numbers)
            case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
            case 2: bytes.removeSubrange(place...)
            case 3: bytes.insert(UInt8.random(in: 0...255, using: &numbers), at: place)
            default: bytes.replaceSubrange(place..<min(place + 4, bytes.count), with: [255, 255, 255, 255])
            }
        }
        return bytes
    }

    private func split(_ bytes: [UInt8], _ numbers: inout SeededNumbers) -> [[UInt8]] {
        guard Bool.random(using: &numbers) else { return [bytes] }
        let place = Int.random(in: 0...bytes.count, using: &numbers)
        return [Array(bytes.prefix(place)), Array(bytes.dropFirst(place))]
    }

    /// The sequence numbers for which some datagram holds an acknowledgement or DONE with code 0, read on its own.
    private func grounds(for sequences: Range<UInt32>, in datagrams: [[UInt8]]) -> Set<UInt32> {
        func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> UInt32 {
            (0..<count).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1)) }
        }
        var found: Set<UInt32> = []
        for bytes in datagrams {
            var start = 0
            while start + 16 <= bytes.count {
                let length = Int(number(bytes, start, 4))
                guard length >= 16, start + length <= bytes.count else { break }
                let type = number(bytes, start + 4, 2)
                let sequence = number(bytes, start + 8, 4)
                let hasCode = length >= 20
                if type == 2 && hasCode && number(bytes, start + 16, 4) == 0 { found.insert(sequence) }
                if type == 3 && (!hasCode || number(bytes, start + 16, 4) == 0) { found.insert(sequence) }
                start += (length + 3) & ~3
            }
        }
        return found.filter(sequences.contains)
    }
}
