extension OVSDBSession {
    /// Begins a transaction (RFC 7047, section 4.1.3).
    /// - Returns: the number by which its end is told, and what to do.
    /// - Throws: ``OVSDBError`` if there is no connection, if too many requests wait, or if the schema hasn't a column.
    public mutating func transact(_ operations: [Operation]) throws(OVSDBError) -> (number: Int, actions: [Action]) {
        guard phase == .ready, let schema else {
            throw failure(.connection(errno: nil), "change the database", "there is no connection; nothing was sent")
        }
        guard pending.count < settings.maximumRequests else {
            throw failure(
                .timeout, "change the database", "\(pending.count) requests wait for the server; nothing was sent")
        }
        for operation in operations {
            if let table = operation.table, let column = operation.missingColumn(in: schema) {
                throw failure(.noColumn(table: table, column: column), "change the database", "nothing was sent")
            }
        }
        let (number, action) = request(.transaction(operations)) { $0.transaction($1, operations, schema) }
        return (number, [action])
    }

    /// Whoever began a transaction doesn't wait any more. The server is asked to give it up (RFC 7047, section 4.1.4),
    /// but it may have been carried out already.
    public mutating func abandon(_ number: Int) -> [Action] {
        guard case .transaction? = pending[number] else { return [] }
        pending[number] = .abandoned
        var writer = JSONWriter()
        writer.notification("cancel", .array([.integer(Int64(number))]))
        return [.send(writer.bytes)]
    }
}
