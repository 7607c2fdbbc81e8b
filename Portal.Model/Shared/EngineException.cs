namespace Portal.Model.Shared;

public enum EngineFault
{
    /// <summary>The engine does not answer or is busy: try again later, the request waits.</summary>
    Unavailable,

    /// <summary>The engine will not do it: fail and show the reason.</summary>
    Rejected,

    /// <summary>What was named is not there; for a removal that is success.</summary>
    Missing,
}

/// <summary>Every vendor's error becomes one of three, in the driver, in one place.</summary>
/// <param name="message">A sentence that a customer may read.</param>
/// <param name="vendorMessage">What the vendor said, with its names of files and hosts.</param>
public sealed class EngineException(EngineFault fault, string message, Exception? inner = null, string? vendorMessage = null)
    : Exception(message, inner)
{
    public EngineFault Fault { get; } = fault;

    /// <summary>For the log and the operators, never for customers.</summary>
    public string Detail => vendorMessage is null ? Message : $"{Message} {vendorMessage}";
}
