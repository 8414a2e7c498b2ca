import OVSDB
import RandomNumbers
import Testing

/// Whatever the bytes are, the session ends with an error or goes on: it neither crashes nor hangs.
struct HostileBytesTests {
    private static let conversation = [
        Transcript.schema, Transcript.emptySnapshot, Transcript.insert, Transcript.modify, Transcript.modifyMap,
        Transcript.commitFailure.replacing("\"id\":3", with: "\"id\":4"),
        #"{"id":null,"method":"monitor_canceled","params":[1]}"#, #"{"id":"x","method":"echo","params":[1.5e3]}"#,
    ]

    private func hold(_ pieces: [[UInt8]]) {
        var test = SessionUnderTest(schema: " ")
        var isReady = false
        for piece in pieces {
            test.actions = test.session.receive(piece, at: test.start)
            if !isReady, test.session.isReady {
                isReady = true
                test.monitor()
                for _ in 0..<2 { _ = try? test.transact([.insert(table: "Open_vSwitch", row: [:], name: nil)]) }
            }
        }
        #expect(test.session.replica.count(of: "Open_vSwitch") <= 2)
    }

    @Test func `the conversation itself is understood`() {
        var test = SessionUnderTest()
        test.monitor()
        _ = try? test.transact([.insert(table: "Open_vSwitch", row: [:], name: nil)])
        _ = try? test.transact([.insert(table: "Open_vSwitch", row: [:], name: nil)])
        for message in Self.conversation.dropFirst() {
            test.hear(message)
            #expect(test.disconnection == nil, "\(message)")
        }
    }

    @Test func `conversations with a few bytes changed, missing or doubled`() {
        var numbers = SeededNumbers(0x0b5d)
        for _ in 0..<3000 {
            var messages = Self.conversation.map { Array($0.utf8) }
            for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                let message = Int.random(in: 0..<messages.count, using: &numbers)
                guard !messages[message].isEmpty else { continue }
                let place = Int.random(in: 0..<messages[message].count, using: &numbers)
                switch Int.random(in: 0..<6, using: &numbers) {
                case 0: messages[message][place] = UInt8.random(in: 0...255, using: &numbers)
                case 1: messages[message].remove(at: place)
                case 2:
                    messages[message].insert(
                        Array(#"{}[],:"\0-u1"#.utf8).randomElement(using: &numbers) ?? 0, at: place)
                case 3: messages[message].removeSubrange(place...)
                case 4:
                    let other = messages.randomElement(using: &numbers) ?? []
                    messages[message].insert(
                        contentsOf: other.suffix(Int.random(in: 0...40, using: &numbers)), at: place)
                default: messages.swapAt(message, Int.random(in: 0..<messages.count, using: &numbers))
                }
            }
            hold(messages)
        }
    }

    @Test func `bytes at random, of what JSON is made of`() {
        var numbers = SeededNumbers(0x6a50)
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"", "\"id\"", "\"result\"", "\"method\"", "\"params\"", "null", "1",
            "-0.1e5",
            "\"update3\"", "\"\\ud800\"", "\"uuid\"", "\"set\"", "\"map\"", "\"error\"", " ", "true",
        ]
        for _ in 0..<3000 {
            let text = (0..<Int.random(in: 1...60, using: &numbers))
                .compactMap { _ in pieces.randomElement(using: &numbers) }.joined()
            hold([Array(Transcript.schema.utf8), Array(("{" + text).utf8)])
        }
    }
}
