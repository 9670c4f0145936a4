/* forge_cs_texts - claims of a token and the policy that accepts them, as JSON texts in which tests
 * and fuzzers replace pieces. @NONCE@ stands for the binding of the statement.
 */
#ifndef SUPPORT_FORGE_CS_TEXTS_H
#define SUPPORT_FORGE_CS_TEXTS_H

#define FORGE_CS_NOW     INT64_C(1750000000)
#define FORGE_CS_SERVICE "forge.service"
#define FORGE_CS_DIGEST  "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define FORGE_CS_ID      "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define FORGE_CS_SIGNER  "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

#define FORGE_CS_CLAIMS                                                                            \
    "{\"aud\":\"https://forge.example\",\"exp\":1750003540,\"iat\":1749999940,"                    \
    "\"iss\":\"https://confidentialcomputing.googleapis.com\",\"nbf\":1749999940,"                 \
    "\"sub\":\"https://www.googleapis.com/compute/v1/projects/forge-project/zones/forge-zone/"     \
    "instances/forge-instance\",\"eat_nonce\":\"@NONCE@\","                                        \
    "\"eat_profile\":\"forge\",\"secboot\":true,\"oemid\":11129,\"hwmodel\":\"GCP_INTEL_TDX\","    \
    "\"swname\":\"CONFIDENTIAL_SPACE\",\"swversion\":[\"250301\"],"                                \
    "\"dbgstat\":\"disabled-since-boot\",\"attester_tcb\":[\"INTEL\"],"                            \
    "\"tdx\":{\"gcp_attester_tcb_status\":\"UpToDate\","                                           \
    "\"gcp_attester_tcb_date\":\"2024-03-13T00:00:00Z\"},"                                         \
    "\"submods\":{\"confidential_space\":{\"support_attributes\":[\"LATEST\",\"STABLE\","          \
    "\"USABLE\"],\"monitoring_enabled\":{\"memory\":false}},"                                      \
    "\"container\":{\"image_reference\":\"forge/image:1\",\"image_digest\":\"" FORGE_CS_DIGEST     \
    "\",\"image_id\":\"" FORGE_CS_ID                                                               \
    "\",\"restart_policy\":\"Never\",\"args\":[\"/serve\",\"x\"],"                                 \
    "\"cmd_override\":[\"x\"],\"env\":{\"MODE\":\"safe\",\"PATH\":\"/bin\"},"                      \
    "\"env_override\":{\"MODE\":\"safe\",\"LEVEL\":\"3\"},\"image_signatures\":[{\"key_id\":"      \
    "\"" FORGE_CS_SIGNER "\",\"signature\":\"c2ln\",\"signature_algorithm\":"                      \
    "\"ECDSA_P256_SHA256\"}]},"                                                                    \
    "\"gce\":{\"zone\":\"forge-zone\",\"project_id\":\"forge-project\",\"project_number\":\"42\"," \
    "\"instance_name\":\"forge-instance\",\"instance_id\":\"4711\"},"                              \
    "\"nvidia_gpu\":{\"cc_mode\":\"ON\",\"cc_feature\":\"SPT\",\"gpus\":[{\"hwmodel\":"            \
    "\"GCP_NVIDIA_H100\",\"driver_version\":\"550.90.07\",\"vbios_version\":\"96.00.9F\","         \
    "\"ueid\":\"1\"}]}},\"google_service_accounts\":[\"a@forge\"]}"

#define FORGE_CS_POLICY                                                                      \
    "{\"version\":1,\"service\":\"" FORGE_CS_SERVICE "\",\"confidential_space\":{"           \
    "\"token_types\":[\"PKI\",\"OIDC\"],\"audiences\":[\"https://forge.example\"],"          \
    "\"hwmodels\":[\"GCP_INTEL_TDX\"],\"min_swversion\":\"250301\","                         \
    "\"releases\":[{\"name\":\"r1\",\"image_digest\":\"" FORGE_CS_DIGEST                     \
    "\",\"image_id\":\"" FORGE_CS_ID                                                         \
    "\",\"image_reference\":\"forge/image:1\",\"signed_by\":[\"" FORGE_CS_SIGNER             \
    "\"],\"args\":[\"/serve\",\"x\"]}],\"image_signers\":[\"" FORGE_CS_SIGNER "\"],"         \
    "\"env\":{\"MODE\":\"safe\"},\"env_override\":{\"MODE\":null,\"LEVEL\":\"3\"},"          \
    "\"cmd_override\":[\"x\"],\"restart_policies\":[\"Never\"],\"memory_monitoring\":false," \
    "\"projects\":[\"forge-project\"],\"zones\":[\"forge-zone\"],\"instances\":[\"4711\"],"  \
    "\"service_accounts\":[\"a@forge\"],\"min_tdx_tcb_date\":\"2024-03-13T00:00:00Z\","      \
    "\"nvidia_gpu\":{\"hwmodels\":[\"GCP_NVIDIA_H100\"],\"min_driver\":\"550.90.07\","       \
    "\"vbios\":[\"96.00.9F\"],\"count\":1}}}"

#endif
