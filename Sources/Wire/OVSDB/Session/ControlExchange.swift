/// One command on a daemon's control socket, without a socket: JSON-RPC, texts in and a text out (ovs-appctl(8);
/// Open vSwitch's lib/unixctl.c).
public struct ControlExchange: Sendable {
    private let method: String
    private let path: String
    private var framer: MessageFramer
    /// What to send.
    public let request: [UInt8]

    /// - Parameters:
    ///   - path: the socket, for errors.
    ///   - maximumMessage: bytes.
    public init(_ method: String, _ arguments: [String], path: String, maximumMessage: Int = 16 << 20) {
        self.method = method
        self.path = path
        framer = MessageFramer(maximumMessage: maximumMessage)
        var writer = JSONWriter()
        writer.raw("{\"id\":0,\"method\":")
        writer.string(method)
        writer.raw(",\"params\":")
        writer.list(arguments) { $0.string($1) }
        writer.raw("}")
        request = writer.bytes
    }

    /// Takes in what was received.
    /// - Returns: the answer; nil as long as it isn't complete.
    /// - Throws: ``OVSDBError``: code `server` with the daemon's words if it refuses.
    public mutating func receive(_ bytes: [UInt8]) throws(OVSDBError) -> String? {
        framer.append(bytes)
        guard let frame = try nextFrame() else { return nil }
        let answer: Result<String, OVSDBError>
        do throws(JSONError) {
            answer = try self.answer(in: frame)
        } catch {
            throw OVSDBError(error, in: frame.bytes, operation: "run \(method)", object: path)
        }
        return try answer.get()
    }

    private func answer(in frame: MessageFrame) throws(JSONError) -> Result<String, OVSDBError> {
        let message = try RPCMessage(frame)
        if let range = message.error {
            var cursor = frame.cursor.at(range)
            // The daemon's words end with a line break.
            let words = try cursor.string().split(separator: "\n").joined(separator: "; ")
            return .failure(failure(.server(words)))
        }
        guard message.number == 0, message.method == nil, let result = message.result else {
            throw JSONError(reason: "a reply that fits no request", offset: frame.range.lowerBound)
        }
        var cursor = frame.cursor.at(result)
        return .success(try cursor.string())
    }

    private mutating func nextFrame() throws(OVSDBError) -> MessageFrame? {
        do throws(OVSDBError) {
            return try framer.next()
        } catch {
            throw failure(error.code, error.details)
        }
    }

    private func failure(_ code: OVSDBError.Code, _ details: String = "") -> OVSDBError {
        OVSDBError(code, operation: "run \(method)", object: path, details: details)
    }
}
