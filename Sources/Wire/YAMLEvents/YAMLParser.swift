import CYAML

/// Reads a YAML text event by event with libyaml. It keeps a copy of the text, and frees it with itself.
@safe public struct YAMLParser: ~Copyable {
    /// How deep sequences and mappings may nest: libyaml itself has no limit before 0.2.6.
    public static let mostNesting = 1000

    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>
    private var depth = 0

    /// For a text in UTF-8; a byte order mark is skipped.
    /// - Throws: ``YAMLError`` if there is no memory for it.
    public init(_ text: some Collection<UInt8>) throws(YAMLError) {
        // To libyaml a byte order mark is a character that takes a column.
        let text = text.starts(with: [0xef, 0xbb, 0xbf]) ? text.dropFirst(3) : text[...]
        unsafe input = .allocate(capacity: max(1, text.count))
        _ = unsafe input.initialize(from: text)
        unsafe parser = .allocate(capacity: 1)
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            unsafe input.deallocate()
            throw YAMLError(problem: "there is no memory for reading it", mark: nil)
        }
        unsafe yaml_parser_set_input_string(parser, UnsafePointer(input.baseAddress), text.count)
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    /// The next event; ``YAMLEvent/Kind/streamEnd`` for ever after the last.
    /// - Throws: ``YAMLError`` where the text isn't YAML, or nests deeper than ``mostNesting``.
    public mutating func next() throws(YAMLError) -> YAMLEvent {
        while true {
            var event = unsafe yaml_event_t()
            guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure }
            defer { unsafe yaml_event_delete(&event) }
            let mark = unsafe YAMLMark(event.start_mark)
            let end = unsafe YAMLMark(event.end_mark)
            switch unsafe event.type {
            case YAML_DOCUMENT_START_EVENT: return YAMLEvent(kind: .documentStart, mark: mark, end: end)
            case YAML_DOCUMENT_END_EVENT: return YAMLEvent(kind: .documentEnd, mark: mark, end: end)
            case YAML_ALIAS_EVENT:
                return unsafe YAMLEvent(kind: .alias(Self.text(event.data.alias.anchor) ?? ""), mark: mark, end: end)
            case YAML_SCALAR_EVENT: return unsafe YAMLEvent(kind: .scalar(Self.scalar(event)), mark: mark, end: end)
            case YAML_SEQUENCE_START_EVENT:
                try descend(mark)
                let start = unsafe event.data.sequence_start
                return unsafe YAMLEvent(
                    kind: .sequenceStart(anchor: Self.text(start.anchor), tag: Self.text(start.tag)), mark: mark,
                    end: end)
            case YAML_MAPPING_START_EVENT:
                try descend(mark)
                let start = unsafe event.data.mapping_start
                return unsafe YAMLEvent(
                    kind: .mappingStart(anchor: Self.text(start.anchor), tag: Self.text(start.tag)), mark: mark,
                    end: end)
            case YAML_SEQUENCE_END_EVENT:
                depth -= 1
                return YAMLEvent(kind: .sequenceEnd, mark: mark, end: end)
            case YAML_MAPPING_END_EVENT:
                depth -= 1
                return YAMLEvent(kind: .mappingEnd, mark: mark, end: end)
            // After the end libyaml gives events that are none.
            case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return YAMLEvent(kind: .streamEnd, mark: mark, end: end)
            default: continue
            }
        }
    }

    private mutating func descend(_ mark: YAMLMark) throws(YAMLError) {
        depth += 1
        guard depth <= Self.mostNesting else { throw YAMLError(problem: "it is nested too deeply", mark: mark) }
    }

    private var failure: YAMLError {
        let state = unsafe parser.pointee
        let problem = unsafe state.problem.map { unsafe String(cString: $0) } ?? "there is no memory for reading it"
        switch unsafe state.error {
        case YAML_READER_ERROR, YAML_MEMORY_ERROR: return YAMLError(problem: problem, mark: nil)
        default:
            let context: (text: String, mark: YAMLMark)? = unsafe state.context.map {
                unsafe (String(cString: $0), YAMLMark(state.context_mark))
            }
            return unsafe YAMLError(problem: problem, mark: YAMLMark(state.problem_mark), context: context)
        }
    }

    private static func scalar(_ event: yaml_event_t) -> YAMLScalarEvent {
        let scalar = unsafe event.data.scalar
        let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        return unsafe YAMLScalarEvent(
            text: String(decoding: bytes, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
            anchor: text(scalar.anchor), tag: text(scalar.tag))
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        unsafe pointer.map { unsafe String(cString: $0) }
    }
}

extension YAMLMark {
    /// libyaml counts from 0.
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1, index: Int(mark.index))
    }
}
