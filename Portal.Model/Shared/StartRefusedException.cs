using System.Net.Sockets;

namespace Portal.Model.Shared;

/// <summary>
/// This program must not run as it is configured. Thrown anywhere between the first line and the moment from which it serves; its message
/// is one sentence that says what to change, and all that people see of it.
/// </summary>
public sealed class StartRefusedException(string sentence, Exception? cause = null) : Exception(sentence, cause)
{
    /// <summary>
    /// EX_CONFIG of sysexits.h: to try again with the same settings is in vain (systemd: <c>RestartPreventExitStatus=78</c>).
    /// </summary>
    public const int ExitCode = 78;

    /// <summary>
    /// Runs a whole program. A refusal is one line and <see cref="ExitCode"/>; whatever else goes wrong stays what it is.
    /// </summary>
    public static async Task<int> TellAsync(TextWriter errors, Func<Task<int>> program)
    {
        try
        {
            return await program();
        }
        catch (Exception error) when (Sentence(error) is { } sentence)
        {
            // However it was put together: who reads a log by the line gets all of it.
            await errors.WriteLineAsync(
                string.Join(' ', sentence.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            );
            return ExitCode;
        }
    }

    private static string? Sentence(Exception error) =>
        error switch
        {
            StartRefusedException => error.Message,

            // The framework's own words for a number that is none, a file of settings that is no JSON, and an address that it cannot listen
            // at.
            InvalidOperationException
            {
                InnerException: FormatException or ArgumentException,
                Source: "Microsoft.Extensions.Configuration.Binder"
            } => $"A setting cannot be read: {error.Message}",
            InvalidDataException { InnerException: FormatException } =>
                $"The settings cannot be read: {error.Message} {error.InnerException.Message}",
            IOException when error.GetBaseException() is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } =>
                $"{error.Message.TrimEnd('.')}. Stop the other program, or choose another address with ASPNETCORE_URLS.",
            SocketException { SocketErrorCode: SocketError.AccessDenied or SocketError.AddressNotAvailable } =>
                $"The address in ASPNETCORE_URLS cannot be listened at: {error.Message}.",
            _ => null,
        };
}
