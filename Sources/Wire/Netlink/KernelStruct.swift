/// A struct of the kernel's headers: fields one after the other, in host byte order. Its layout is written once, for reading
/// and for writing.
public protocol KernelStruct {
    /// As a request has it that says nothing.
    init()

    /// Comes to each field in its turn, and to what lies between.
    mutating func visit(_ fields: inout KernelFields) throws(MalformedBytes)
}

/// What a struct's fields are read from, or written to.
public struct KernelFields {
    fileprivate var reader: PayloadReader?
    fileprivate var writer = PayloadWriter(reserving: 0)

    /// An integer.
    public mutating func field(_ value: inout some FixedWidthInteger) throws(MalformedBytes) {
        if reader == nil {
            writer.append(value)
        } else {
            try reader?.read(into: &value)
        }
    }

    /// Bytes that mean nothing here: they are passed over, and written as zeros.
    public mutating func unused(_ count: Int) throws(MalformedBytes) {
        if reader == nil {
            writer.append(repeatElement(0, count: count))
        } else {
            try reader?.skip(count)
        }
    }
}

extension PayloadReader {
    /// - Throws: ``MalformedBytes`` if fewer bytes are left than the struct has.
    public mutating func read<Value: KernelStruct>(_: Value.Type = Value.self) throws(MalformedBytes) -> Value {
        var value = Value()
        var fields = KernelFields(reader: self)
        try value.visit(&fields)
        if let reader = fields.reader { self = reader }
        return value
    }

    fileprivate mutating func read(into value: inout some FixedWidthInteger) throws(MalformedBytes) {
        value = try read()
    }
}

extension PayloadWriter {
    /// Appends a struct.
    public mutating func append(_ value: some KernelStruct) {
        var value = value
        var fields = KernelFields(reader: nil)
        // Only reading ends too early.
        try? value.visit(&fields)
        append(fields.writer.bytes)
    }

    /// An attribute holding a struct.
    public mutating func attribute(_ type: UInt16, _ value: some KernelStruct) {
        var writer = PayloadWriter(reserving: 32)
        writer.append(value)
        attribute(type, bytes: writer.bytes)
    }

    /// Begins with a struct.
    public init(_ header: some KernelStruct) {
        self.init(reserving: 256)
        append(header)
    }
}

extension Attribute {
    /// The value as a struct; nil if it is too short. What comes after it is left.
    public func structure<Value: KernelStruct>(_: Value.Type = Value.self) -> Value? {
        var reader = PayloadReader(bytes)
        return try? reader.read()
    }
}
