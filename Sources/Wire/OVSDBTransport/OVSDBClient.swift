public import OVSDB

/// A connection that keeps itself alive: it reconnects and takes up its monitor again.
///
/// All calls may come from any thread, several at once, and block at most until their deadline.
public final class OVSDBClient: Sendable {
    private let target: OVSDBTarget
    private let database: String

    /// Nothing happens until ``connect()`` or ``begin()``.
    public init(
        _ target: OVSDBTarget, tls: TLSFiles? = nil, database: String = "Open_vSwitch",
        configuration: Configuration = Configuration()
    ) {
        self.target = target
        self.database = database
    }

    /// Makes the first connection and asks for the schema: one attempt for each server, without pauses.
    public func connect() throws(OVSDBError) { throw unfinished }

    /// Starts what ``connect()`` does and returns at once, so that the caller can do something else meanwhile.
    public func begin() throws(OVSDBError) { throw unfinished }

    /// The server's schema.
    public var schema: DatabaseSchema { get throws(OVSDBError) { throw unfinished } }

    /// Monitors what these rows want; columns that the server's schema lacks are left out. Returns once the first
    /// snapshot is there. Asking again replaces what was asked for before.
    public func monitor(_ rows: [any TypedRow.Type]) throws(OVSDBError) { throw unfinished }

    /// The same for columns by table.
    public func monitor(tables: [String: [String]]) throws(OVSDBError) { throw unfinished }

    /// What the monitor has told up to now.
    public var replica: Replica { Replica(schema: DatabaseSchema(name: database)) }

    /// Carries out all operations or none (RFC 7047, section 4.1.3).
    /// - Returns: one result for each operation.
    @discardableResult
    public func transact(_ operations: [Operation]) throws(OVSDBError) -> [OperationResult] { throw unfinished }

    /// Waits until the condition holds of what the monitor has told; asked again after each update.
    /// - Returns: false when the time is up.
    public func wait(upTo limit: Duration, until condition: @Sendable (Replica) -> Bool) throws(OVSDBError) -> Bool {
        throw unfinished
    }

    /// How it stands with the connection.
    public var state: ConnectionState { .idle }

    /// Ends the connection; calls under way fail with the code `cancelled`.
    public func close() {}

    private var unfinished: OVSDBError {
        OVSDBError(
            .connection(errno: nil), operation: "connect", object: target.description,
            details: "this version of the library can't yet")
    }
}
