public func selectorProgram(vlans: [ClosedRange<UInt16>]?, expression: String?, sample: UInt32) throws(FilterError) -> BPFProgram { try FilterCompiler.compile(expression ?? "") }
