using Portal.Model.Buckets;

namespace Portal.Buckets;

/// <summary>Settings and commands to paste: what other tools need to use a bucket.</summary>
public static class ConnectSnippets
{
    /// <summary>What newer SDKs must be told, since this storage does not know the checksums that they send unasked.</summary>
    private const string Checksums = "when_required";

    public static string AwsProfile(ObjectStore store, string keyId = "YOUR-ACCESS-KEY", string secret = "YOUR-SECRET") =>
        $"""
            aws configure set aws_access_key_id {keyId} --profile portal
            aws configure set aws_secret_access_key {secret} --profile portal
            aws configure set region {store.SigningRegion} --profile portal
            aws configure set endpoint_url {store.Endpoint} --profile portal
            aws configure set request_checksum_calculation {Checksums} --profile portal
            aws configure set response_checksum_validation {Checksums} --profile portal
            """;

    public static string AwsCommands(OpenBucket bucket) =>
        $"""
            aws s3 ls s3://{bucket.Name}/ --profile portal --endpoint-url {bucket.Store.Endpoint}
            aws s3 cp FILE s3://{bucket.Name}/ --profile portal --endpoint-url {bucket.Store.Endpoint}
            aws s3 sync FOLDER s3://{bucket.Name}/FOLDER/ --profile portal --endpoint-url {bucket.Store.Endpoint}
            """;

    public static string Boto3(OpenBucket bucket) =>
        $$"""
            import os
            import boto3
            from botocore.config import Config

            # Newer ones send checksums that this storage does not know, unless they are told not to.
            os.environ["AWS_REQUEST_CHECKSUM_CALCULATION"] = "{{Checksums}}"
            os.environ["AWS_RESPONSE_CHECKSUM_VALIDATION"] = "{{Checksums}}"
            s3 = boto3.client(
                "s3",
                endpoint_url="{{bucket.Store.Endpoint}}",
                region_name="{{bucket.Store.SigningRegion}}",
                aws_access_key_id="YOUR-ACCESS-KEY",
                aws_secret_access_key="YOUR-SECRET",
                config=Config(s3={"addressing_style": "path"}),
            )
            s3.upload_file("FILE", "{{bucket.Name}}", "FILE")
            """;

    public static string Rclone(OpenBucket bucket) =>
        $"""
            [portal]
            type = s3
            provider = Ceph
            endpoint = {bucket.Store.Endpoint}
            region = {bucket.Store.SigningRegion}
            access_key_id = YOUR-ACCESS-KEY
            secret_access_key = YOUR-SECRET

            # rclone sync FOLDER portal:{bucket.Name}/FOLDER
            """;

    public static string DotNet(OpenBucket bucket) =>
        $$"""
            // dotnet add package AWSSDK.S3
            using Amazon.Runtime;
            using Amazon.S3;
            using Amazon.S3.Model;

            var s3 = new AmazonS3Client(
                new BasicAWSCredentials("YOUR-ACCESS-KEY", "YOUR-SECRET"),
                new AmazonS3Config
                {
                    ServiceURL = "{{bucket.Store.Endpoint}}",
                    AuthenticationRegion = "{{bucket.Store.SigningRegion}}",
                    ForcePathStyle = true,
                    RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
                    ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
                });
            await s3.PutObjectAsync(new PutObjectRequest { BucketName = "{{bucket.Name}}", Key = "FILE", FilePath = "FILE" });
            """;

    /// <summary>Downloads one object.</summary>
    public static string Copy(OpenBucket bucket, string key) =>
        $"aws s3 cp {Quote($"s3://{bucket.Name}/{key}")} . --profile portal --endpoint-url {bucket.Store.Endpoint}";

    /// <summary>One word for a shell, whatever it holds.</summary>
    public static string Quote(string word) =>
        word.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or ':' or '.' or '-' or '_')
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
