import Testing
import YAMLEvents

@Suite struct YAMLParserTests {
    private func events(_ text: String) throws -> [YAMLEvent] {
        var parser = try YAMLParser(Array(text.utf8))
        var events: [YAMLEvent] = []
        while true {
            let event = try parser.next()
            if event.kind == .streamEnd { return events }
            events.append(event)
        }
    }

    private func kinds(_ text: String) throws -> [YAMLEvent.Kind] { try events(text).map(\.kind) }

    private func scalar(_ text: String, plain: Bool = true, anchor: String? = nil, tag: String? = nil) -> YAMLEvent.Kind
    {
        .scalar(YAMLScalarEvent(text: text, isPlain: plain, anchor: anchor, tag: tag))
    }

    @Test func `every kind of event is told`() throws {
        #expect(
            try kinds("a: [&x 1, *x, 'q', !!str 2, !t \"é\\n\"]\nb: |\n  block\n") == [
                .documentStart, .mappingStart(anchor: nil, tag: nil), scalar("a"),
                .sequenceStart(anchor: nil, tag: nil), scalar("1", anchor: "x"), .alias("x"), scalar("q", plain: false),
                scalar("2", tag: "tag:yaml.org,2002:str"), scalar("é\n", plain: false, tag: "!t"), .sequenceEnd,
                scalar("b"), scalar("block\n", plain: false), .mappingEnd, .documentEnd,
            ])
    }

    @Test func `marks count lines and characters from 1`() throws {
        let events = try events("\u{feff}é: ü\n\n  # nothing\n漢字: [a, b]\n")
        let places = events.compactMap { event in
            if case .scalar(let scalar) = event.kind {
                "\(scalar.text) \(event.mark.line):\(event.mark.column)"
            } else {
                nil
            }
        }
        #expect(places == ["é 1:1", "ü 1:4", "漢字 4:1", "a 4:6", "b 4:9"])
    }

    @Test func `nothing is an empty stream, and its end comes again`() throws {
        for text in ["", "# only words\n", "\n\n"] { #expect(try kinds(text) == []) }
        var parser = try YAMLParser(Array("".utf8))
        for _ in 0..<3 { #expect(try parser.next().kind == .streamEnd) }
    }

    @Test func `an error says what, where, and in what`() {
        #expect {
            _ = try events("a: [1, 2\nb: }")
        } throws: { error in
            guard let error = error as? YAMLError else { return false }
            return error.mark != nil && error.context?.text.hasPrefix("while parsing a flow") == true
                && error.problem.hasPrefix("did not find expected")
        }
        #expect(throws: YAMLError.self) { _ = try events("a: \u{1}") }
    }

    @Test(arguments: ["[", "- ", "? ", "{a: "])
    func `nesting has a limit`(piece: String) {
        #expect {
            _ = try events(String(repeating: piece, count: 1001))
        } throws: { error in
            (error as? YAMLError)?.problem == "it is nested too deeply"
        }
    }

    @Test func `any bytes at all are events or an error`() {
        var state: UInt64 = 42
        func random() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        let alphabet = Array("ab: -?[]{},&*!|>'\"%@`#\n\t\r\0é".utf8)
        for _ in 0..<3000 {
            let bytes = (0..<Int(random() % 60)).map { _ in
                random() % 4 == 0 ? UInt8(truncatingIfNeeded: random()) : alphabet[Int(random()) % alphabet.count]
            }
            guard var parser = try? YAMLParser(bytes) else { continue }
            var count = 0
            while let event = try? parser.next(), event.kind != .streamEnd, count < 1000 { count += 1 }
            #expect(count < 1000)
        }
    }
}
