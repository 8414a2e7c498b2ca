public import Failure

/// Something that didn't work: what was tried, on what, and what the server or the system said.
public struct OVSDBError: ClassifiedError, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public enum Code: Hashable, Sendable {
        /// No connection, or it broke. What was under way then may have been carried out or not.
        case connection(errno: Int32?)
        /// The TLS session, or one of its files.
        case tls
        /// Nothing, or not enough, came in time. What was under way may still be carried out.
        case timeout
        /// Garbage, too large a message, a reply that fits no request, a wrong shape.
        case protocolViolation
        /// The `error` of a whole reply (RFC 7047, section 4.1): the request wasn't carried out.
        case server(String)
        /// An operation of a transaction failed, and with it all (RFC 7047, section 4.1.3): which, counted from 0, and
        /// its error, such as `constraint violation`, `timed out`, `aborted`.
        case operation(index: Int, String)
        /// All operations succeeded but their end didn't, such as `referential integrity violation`,
        /// `resources exhausted`, `I/O error`. Nothing was changed.
        case commit(String)
        /// The server hasn't the database.
        case noDatabase
        /// The server's schema hasn't the column; nothing was sent.
        case noColumn(table: String, column: String)
        /// The client was closed, or the call can't be made from where it was.
        case cancelled
    }

    /// What kind of failure it is.
    public var code: Code
    /// What was tried, as a verb phrase: "change the database".
    public var operation: String
    /// On what: the target, the database, the table.
    public var object: String
    /// The server's or the system's words, and what to do where that is known.
    public var details: String

    public init(_ code: Code, operation: String, object: String, details: String = "") {
        self.code = code
        self.operation = operation
        self.object = object
        self.details = details
    }

    /// What helps against it. A guard (`wait` with timeout 0) that doesn't hold, and a reference to a row that has gone, are
    /// stale (RFC 7047, sections 4.1.3 and 5.2.6).
    public var kind: FailureKind {
        switch code {
        case .connection, .timeout: .transient
        case .operation(_, "timed out"), .commit("referential integrity violation"): .stale
        case .operation(_, "resources exhausted"), .operation(_, "I/O error"), .commit("resources exhausted"),
            .commit("I/O error"):
            .transient
        case .tls, .protocolViolation, .server, .operation, .commit, .noDatabase, .noColumn, .cancelled: .permanent
        }
    }

    /// What was tried on what, and why it failed.
    public var description: String {
        let reason = reason
        let said = details.isEmpty ? reason : reason.isEmpty ? details : "\(reason): \(details)"
        return "can't \(operation)\(object.isEmpty ? "" : "\(preposition) \(object)"): \(said)"
    }

    /// What leads from the operation to its object: none where the operation ends with what the object is called.
    private var preposition: String {
        if operation == "connect" { return " to" }
        let isNamed =
            operation.hasPrefix("use the ") || operation.hasSuffix(" server") || operation.hasSuffix(" address")
        return isNamed ? "" : " on"
    }

    private var reason: String {
        switch code {
        case .connection: details.isEmpty ? "no connection" : ""
        case .tls: "TLS"
        case .timeout: details.isEmpty ? "no answer in time" : ""
        case .protocolViolation: "the server's answer can't be understood"
        case .server(let error): "the server says \"\(error)\""
        case .operation(let index, let error): "the server says of operation \(index) \"\(error)\""
        case .commit(let error): "the server couldn't commit, \"\(error)\""
        case .noDatabase: "the server hasn't this database"
        case .noColumn(let table, let column): "the server's schema has no column \(column) in table \(table)"
        case .cancelled: details.isEmpty ? "the client is closed" : ""
        }
    }
}
