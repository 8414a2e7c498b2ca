public import OVSDB

/// Placeholder until the transport arrives.
public typealias RowIdentity = RowID
