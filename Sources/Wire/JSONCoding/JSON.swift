/// JSON (RFC 8259) from values and back, for what is small: states, reports, records.
///
/// FoundationEssentials has the same, and 7 MB of calendars, addresses and attributed text with it, which can't be
/// linked without each other. What comes out is byte for byte what its encoder makes with sorted keys and without escaped slashes.
public enum JSON {
    /// How it is laid out.
    public enum Layout: Sendable {
        /// Without a space or a line feed.
        case line
        /// Each member and element on a line of its own, two spaces further in than what it is in.
        case indented
    }

    /// A value as text in UTF-8; members in the order of their names, no line feed at the end.
    /// - Throws: `EncodingError` for a number that isn't finite, and what the value throws.
    public static func encode(_ value: some Encodable, _ layout: Layout) throws -> [UInt8] {
        let node = EncodedNode()
        try value.encode(to: TreeEncoder(node, []))
        var writer = TextWriter(layout)
        writer.write(node)
        return writer.bytes
    }

    /// A value from text in UTF-8. Members that it doesn't ask for are passed over; of several with one name the last counts.
    /// - Throws: `DecodingError`.
    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        var reader = TextReader(bytes)
        return try Value(from: TreeDecoder(try reader.whole(), []))
    }
}

/// Where in the value something stands, when what it is in is an array.
struct IndexKey: CodingKey {
    let index: Int

    init(_ index: Int) { self.index = index }
    init?(intValue: Int) { index = intValue }
    init?(stringValue: String) { return nil }

    var intValue: Int? { index }
    var stringValue: String { "\(index)" }
}

/// The part of a class that its superclass codes (`superEncoder()`, `superDecoder()`).
struct SuperKey: CodingKey {
    init() {}
    init?(intValue: Int) { return nil }
    init?(stringValue: String) { return nil }

    var intValue: Int? { nil }
    var stringValue: String { "super" }
}
