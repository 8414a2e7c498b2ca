/// A message's parts, read where they are (JSON-RPC 1.0; RFC 7047, section 4).
struct RPCMessage {
    /// An `id` that is an integer, which are ours. A server's requests may have any.
    var number: Int?
    /// A message without it, or with null, is a notification if it has a method.
    var id: Range<Int>?
    var method: String?
    var parameters: Range<Int>?
    /// nil if it is missing or null, as are the two below.
    var result: Range<Int>?
    var error: Range<Int>?

    init(_ frame: MessageFrame) throws(JSONError) {
        var cursor = frame.cursor
        var isFirst = true
        var isReply = false
        try cursor.expect(UInt8(ascii: "{"))
        while try cursor.next(&isFirst, until: UInt8(ascii: "}")) {
            let name = try cursor.name()
            let isNull = cursor.peek() == UInt8(ascii: "n")
            let value = try cursor.skipValue()
            switch name {
            case "id":
                id = isNull ? nil : value
                var reader = cursor.at(value)
                if case .integer(let number)? = try? reader.value() { self.number = Int(number) }
            case "method":
                var reader = cursor.at(value)
                method = isNull ? nil : try reader.string()
            case "params": parameters = isNull ? nil : value
            case "result":
                isReply = true
                result = isNull ? nil : value
            case "error":
                isReply = true
                error = isNull ? nil : value
            default: break
            }
        }
        guard method != nil || isReply else {
            throw JSONError(reason: "a message has a method, a result or an error", offset: frame.range.lowerBound)
        }
    }
}

extension JSONWriter {
    mutating func request(_ id: Int, _ method: String, _ parameters: JSONValue) {
        request(id, method) { $0.value(parameters) }
    }

    mutating func request(_ id: Int, _ method: String, _ parameters: (inout JSONWriter) -> Void) {
        raw("{\"id\":\(id),\"method\":\"\(method)\",\"params\":")
        parameters(&self)
        raw("}")
    }

    mutating func notification(_ method: String, _ parameters: JSONValue) {
        raw("{\"id\":null,\"method\":\"\(method)\",\"params\":")
        value(parameters)
        raw("}")
    }
}
